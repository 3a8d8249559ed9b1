// Apart from `afterimage`, because a Node that is too old cannot read `import()`.
'use strict'

var fs = require('fs')
var path = require('path')
var url = require('url')

/** Runs in this process: the sources in a checkout, what was compiled from them in a package. */
module.exports = function runHere() {
  var root = path.join(__dirname, '..')
  var source = path.join(root, 'src', 'cli', 'main.ts')
  var entry = fs.existsSync(source) ? source : path.join(root, 'dist', 'cli', 'main.js')
  import(url.pathToFileURL(entry).href).then(function (cli) {
    return cli.main()
  })
}
