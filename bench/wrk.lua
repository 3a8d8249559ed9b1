-- Asks for the paths in a file, one a line, in turn, and prints what came of it as one line of JSON.
-- Arguments: FILE ROUND. With a ROUND each request carries a parameter that no other one has (the
-- server ignores it), so that no two requests are the same, and each round begins elsewhere in the
-- file; without it the paths are asked for as they are.

local ROUNDS = 8
local paths, round, asked = {}, nil, 0

function init(args)
  for path in io.lines(args[1]) do paths[#paths + 1] = path end
  round = args[2]
  if round then asked = math.floor(#paths * (round % ROUNDS) / ROUNDS) end
end

function request()
  local path = paths[asked % #paths + 1]
  asked = asked + 1
  if round then path = path .. '&bench=' .. round .. '-' .. asked end
  return wrk.format('GET', path)
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end
