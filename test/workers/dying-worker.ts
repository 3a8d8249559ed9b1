// A worker that ends before it serves, without a word.
process.stderr.write('dying\n')
process.exit(3)
