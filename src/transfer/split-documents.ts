import {
  BACKSLASH,
  byteOrderMark,
  CLOSE_LIST,
  CLOSE_OBJECT,
  COMMA,
  isSpace,
  jsonProblem,
  mayOpenIn,
  NEWLINE,
  OPEN_LIST,
  OPEN_OBJECT,
  openerOf,
  QUOTE,
  show,
} from './json-bytes.ts'
import {
  CUT_OFF,
  DOCUMENT_BYTES_MAX,
  HEAD_BYTES,
  NESTING_DEPTH_MAX,
  type Piece,
  TOO_DEEP,
  TOO_LONG,
} from './piece.ts'

/**
 * Finds the bounds of image documents in a stream of JSON bytes, in any of these forms: an array, a
 * `{"images": [...]}` page, one document a line, one document alone, or several of these one after
 * another. JSON.parse checks what is between them. Memory holds one chunk and one document.
 */

const NOTHING = Buffer.alloc(0)
const PAGE_KEY = '"images"'

export class DocumentSplitter {
  #pieces: Piece[] = []
  #bytes: Buffer = NOTHING
  #at = 0
  #line = 1
  /** Offset of the current line's first byte; negative once that byte was released. */
  #lineStart = 0

  /**
   * `next`: a value may start; `value`: inside one; `tail`: in a page, after its list; `lost`: after
   * an error, looking for a line on which a value surely starts; `dead`: nothing more is read.
   */
  #state: 'start' | 'next' | 'value' | 'tail' | 'lost' | 'dead' = 'start'
  /** What the values are members of. */
  #container: 'stream' | 'list' | 'page' = 'stream'
  /** What came last in a list. */
  #last: 'nothing' | 'comma' | 'value' = 'nothing'
  /** The line of the stream's first value if that is a document on one line; else Infinity. */
  #firstLine: number | undefined
  #isEmpty = true
  /** The first document was a line of its own, so every one must be. */
  #isLines = false
  /** While lost: whether the current line is blank so far, and whether a line was passed over. */
  #isBlankLine = false
  #hasPassedOver = false

  // The value that is being read.
  /** Offset of its first byte; negative once that byte has been let go. */
  #start = 0
  #startLine = 0
  #startColumn = 0
  #depth = 0
  readonly #openers = new Uint8Array(NESTING_DEPTH_MAX + 1)
  #isInText = false
  #isEscaped = false
  #textStart = 0
  #textEnd = 0
  /** The last byte outside texts that is not space. */
  #previous = 0
  /** Which limit the value breaks; its bytes are not kept then. */
  #excess: string | undefined
  #head: Buffer = NOTHING

  /** Takes the next bytes of the stream; returns the values that they complete. */
  push(chunk: Buffer): Piece[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    if (this.#state === 'start' && this.#bytes.length < 3) return []
    this.#scan()
    this.#letGo()
    return this.#take()
  }

  /** Ends the stream; returns the faults of its end, if there are any. */
  end(): Piece[] {
    this.#scan()
    const isInList = this.#container !== 'stream'
    if (this.#state === 'value') {
      this.#report(`the file ends inside this document: ${CUT_OFF}`)
    } else if (this.#state === 'tail' || (this.#state === 'next' && isInList)) {
      this.#reportHere(`the file ends inside the list of images: ${CUT_OFF}`)
    } else if (this.#state === 'lost' && (isInList || this.#hasPassedOver)) {
      this.#reportHere('what follows the last error could not be read to the end of the file')
    } else if (this.#state === 'next' && this.#isEmpty) {
      this.#reportHere('the file is empty; image documents in JSON were expected')
    }
    this.#state = 'dead'
    return this.#take()
  }

  #take(): Piece[] {
    const pieces = this.#pieces
    this.#pieces = []
    return pieces
  }

  #scan(): void {
    if (this.#state === 'start') this.#readMark()
    while (this.#at < this.#bytes.length && this.#state !== 'dead') {
      if (this.#state === 'lost') this.#seek()
      else if (this.#state === 'next') this.#next()
      else if (this.#isInText) this.#text()
      else this.#step()
    }
    if (this.#state === 'dead') this.#at = this.#bytes.length
  }

  /** Forgets the bytes that are done with. */
  #letGo(): void {
    const isInside = this.#state === 'value' || this.#state === 'tail'
    if (isInside && this.#at - this.#start > DOCUMENT_BYTES_MAX) this.#exceed(TOO_LONG)
    const from = isInside && this.#excess === undefined ? this.#start : this.#at
    this.#bytes = from < this.#bytes.length ? this.#bytes.subarray(from) : NOTHING
    this.#at -= from
    this.#lineStart -= from
    this.#start -= from
    this.#textStart -= from
    this.#textEnd -= from
  }

  #readMark(): void {
    const mark = byteOrderMark(this.#bytes)
    this.#state = 'next'
    if (mark === 'UTF-8') this.#at = this.#lineStart = 3
    if (mark === 'UTF-16') {
      this.#reportHere('the file is in UTF-16; image documents must be in UTF-8')
      this.#state = 'dead'
    }
  }

  #newline(): void {
    this.#at += 1
    this.#line += 1
    this.#lineStart = this.#at
  }

  /** Between values. */
  #next(): void {
    const byte = this.#bytes[this.#at] ?? 0
    if (byte === NEWLINE) this.#newline()
    else if (isSpace(byte)) this.#at += 1
    else if (this.#container === 'stream') this.#nextInStream(byte)
    else this.#nextInList(byte)
  }

  #nextInStream(byte: number): void {
    if (byte === OPEN_OBJECT) {
      if (this.#firstLine !== undefined && this.#line > this.#firstLine) this.#isLines = true
      this.#begin()
    } else if (byte === OPEN_LIST) {
      this.#enter('list')
    } else if (this.#isEmpty) {
      const start = this.#bytes.subarray(this.#at, this.#at + 16)
      this.#reportHere(`the file is neither JSON nor gzip: it starts with ${show(start)}`)
      this.#state = 'dead'
    } else {
      const found = show(this.#bytes.subarray(this.#at, this.#at + 1))
      this.#lose(`${found} where a document should start`)
    }
  }

  #nextInList(byte: number): void {
    if (byte === CLOSE_LIST) {
      if (this.#last === 'comma') this.#reportHere('a comma comes before "]"')
      this.#leave()
    } else if (byte === COMMA && this.#last === 'value') {
      this.#last = 'comma'
      this.#at += 1
    } else if (byte === COMMA || byte === CLOSE_OBJECT) {
      this.#lose(`"${String.fromCharCode(byte)}" where a document should start`)
    } else if (this.#last === 'value' && byte !== OPEN_OBJECT) {
      this.#lose('"," or "]" must follow a document')
    } else {
      if (this.#last === 'value') this.#reportHere('a comma is missing before this document')
      this.#begin()
    }
  }

  #enter(container: 'list' | 'page'): void {
    this.#container = container
    this.#firstLine = Number.POSITIVE_INFINITY
    this.#isLines = false
    this.#last = 'nothing'
    this.#isEmpty = false
    this.#state = 'next'
    this.#at += 1
  }

  #leave(): void {
    this.#at += 1
    this.#last = 'nothing'
    if (this.#container === 'list') {
      this.#container = 'stream'
      this.#state = 'next'
    } else {
      this.#begin()
      this.#state = 'tail'
      this.#depth = 1
      this.#openers[1] = OPEN_OBJECT
      this.#previous = CLOSE_LIST
    }
  }

  #begin(): void {
    this.#isEmpty = false
    this.#state = 'value'
    this.#start = this.#at
    this.#startLine = this.#line
    this.#startColumn = this.#at - this.#lineStart
    this.#depth = 0
    this.#previous = 0
    this.#isInText = false
    this.#isEscaped = false
    this.#excess = undefined
  }

  /** Inside a text: the tight loop, for most bytes are here. */
  #text(): void {
    const bytes = this.#bytes
    let at = this.#at
    if (this.#isEscaped && bytes[at] !== NEWLINE) at += 1
    this.#isEscaped = false
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at]
      if (byte === QUOTE) {
        this.#isInText = false
        this.#previous = QUOTE
        at += 1
        this.#textEnd = at
        break
      }
      if (byte === BACKSLASH && bytes[at + 1] !== NEWLINE) {
        this.#isEscaped = at + 1 === bytes.length
        at += 1
      } else if (byte === NEWLINE) {
        this.#at = at
        this.#lose('a text is not closed before its line ends')
        return
      }
    }
    this.#at = Math.min(at, bytes.length)
  }

  /** Inside a value, outside texts: one byte. */
  #step(): void {
    const byte = this.#bytes[this.#at] ?? 0
    if (this.#depth === 0 && (isSpace(byte) || byte === COMMA || byte === CLOSE_LIST)) {
      this.#close() // the end of a bare number or text
    } else if (byte === NEWLINE) {
      if (this.#isLines) this.#lose('the line ends inside this document')
      else this.#newline()
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      this.#open(byte)
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      this.#shut(byte)
    } else {
      if (byte === QUOTE) {
        this.#isInText = true
        this.#textStart = this.#at
      } else if (!isSpace(byte)) {
        this.#previous = byte
      }
      this.#at += 1
    }
  }

  #open(byte: number): void {
    const isKnown = this.#depth > 0 && this.#depth <= NESTING_DEPTH_MAX
    if (isKnown && !mayOpenIn(this.#openers[this.#depth], this.#previous)) {
      this.#lose(`"${String.fromCharCode(byte)}" comes where it cannot be`)
    } else if (byte === OPEN_LIST && this.#isPageKey()) {
      if (this.#isPageSound('[]}')) this.#enter('page')
    } else {
      this.#depth += 1
      this.#previous = byte
      this.#at += 1
      if (this.#depth <= NESTING_DEPTH_MAX) this.#openers[this.#depth] = byte
      else this.#exceed(TOO_DEEP)
    }
  }

  #shut(byte: number): void {
    if (this.#depth <= NESTING_DEPTH_MAX && this.#openers[this.#depth] !== openerOf(byte)) {
      this.#lose(`"${String.fromCharCode(byte)}" closes what it did not open`)
      return
    }
    this.#depth -= 1
    this.#previous = byte
    this.#at += 1
    if (this.#depth === 0) this.#close()
  }

  #close(): void {
    if (this.#state === 'tail') {
      if (this.#isPageSound('')) this.#state = 'next'
      this.#container = 'stream'
      return
    }
    if (this.#at - this.#start > DOCUMENT_BYTES_MAX) this.#exceed(TOO_LONG)
    if (this.#excess === undefined) {
      const bytes = this.#bytes.subarray(this.#start, this.#at)
      this.#pieces.push({ line: this.#startLine, bytes })
    } else {
      this.#report(this.#excess)
    }
    if (this.#container !== 'stream') this.#last = 'value'
    else if (this.#firstLine === undefined) {
      this.#firstLine = this.#startLine === this.#line ? this.#line : Number.POSITIVE_INFINITY
    }
    this.#state = 'next'
  }

  /** Whether the list about to open is the `images` of a page. */
  #isPageKey(): boolean {
    const isTop = this.#state === 'tail' || this.#container === 'stream'
    if (!isTop || this.#depth !== 1 || this.#textStart < 0) return false
    return this.#bytes.toString('latin1', this.#textStart, this.#textEnd) === PAGE_KEY
  }

  /** Whether what stands around a page's list is JSON, so far and with `ending`; reports if not. */
  #isPageSound(ending: string): boolean {
    const before = this.#state === 'tail' ? `{${PAGE_KEY}:[]` : ''
    const around = this.#bytes.toString('utf8', this.#start, this.#at)
    const problem = jsonProblem(`${before}${around}${ending}`)
    if (problem !== undefined) this.#lose(`around the list of images is no valid JSON: ${problem}`)
    return problem === undefined
  }

  #exceed(message: string): void {
    if (this.#excess !== undefined) return
    this.#excess = message
    this.#head = Buffer.from(this.#bytes.subarray(this.#start, this.#start + HEAD_BYTES))
  }

  /** Skips the current value and looks for a line on which the next one certainly starts. */
  #lose(problem: string): void {
    const isInside = this.#state === 'value' || this.#state === 'tail'
    if (!isInside) this.#startColumn = this.#at - this.#lineStart
    isInside ? this.#report(problem) : this.#reportHere(problem)
    if (this.#state === 'tail') this.#container = 'stream'
    // A value that was never closed may have run into the next one: look at this line again.
    const mayRestart = isInside && this.#excess === undefined && this.#lineStart > this.#start
    if (mayRestart) this.#at = this.#lineStart
    this.#isBlankLine = mayRestart
    this.#hasPassedOver = false
    this.#state = 'lost'
  }

  /** While lost: a document starts on a line with "{" first, no deeper than the skipped one. */
  #seek(): void {
    if (!this.#isBlankLine) {
      const end = this.#bytes.indexOf(NEWLINE, this.#at)
      this.#at = end < 0 ? this.#bytes.length : end
      if (end < 0) return
    }
    const byte = this.#bytes[this.#at] ?? 0
    if (byte === NEWLINE) {
      this.#newline()
      this.#isBlankLine = true
    } else if (isSpace(byte)) this.#at += 1
    else {
      const isListEnd = byte === CLOSE_LIST && this.#container !== 'stream'
      const isOuter = this.#at - this.#lineStart <= this.#startColumn
      this.#isBlankLine = false
      if (isOuter && (byte === OPEN_OBJECT || isListEnd)) {
        this.#last = 'nothing'
        this.#state = 'next'
      } else {
        this.#hasPassedOver = true
      }
    }
  }

  /** Says what is wrong with the value that is being read. */
  #report(problem: string): void {
    const isKept = this.#excess === undefined
    const bytes = isKept ? this.#bytes.subarray(this.#start, this.#at) : this.#head
    this.#pieces.push({ line: this.#startLine, bytes, problem })
  }

  #reportHere(problem: string): void {
    this.#pieces.push({ line: this.#line, bytes: NOTHING, problem })
  }
}
