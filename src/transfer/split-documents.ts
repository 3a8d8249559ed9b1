import {
  BACKSLASH,
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isSpace,
  NEWLINE,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
  show,
} from './json-bytes.ts'

/**
 * Finds the bounds of image documents in a stream of JSON bytes, whatever holds them: an array, a
 * `{"images": [...]}` page, one document a line, one document alone, or several of these one after
 * another. Only bounds are found here; JSON.parse judges what is between them. Memory is one chunk
 * and one document, however long the stream.
 */

/** Room for Glance's own quota of 128 properties, each as long as Glance can hold. */
export const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024
/** The deepest thing in an image document, a location's validation data, is at depth 5. */
export const NESTING_DEPTH_MAX = 32
/** Of a document too large to keep, this much is kept to read its id from. */
const HEAD_BYTES = 4096

/** One JSON value that stands where an image document should, or what is wrong there. */
export interface Piece {
  /** The line it starts on, from 1. */
  readonly line: number
  /** All its bytes; where there is a problem, as many as are at hand. */
  readonly bytes: Buffer
  readonly problem?: string
}

const NOTHING = Buffer.alloc(0)
const PAGE_KEY = '"images"'
const CUT_OFF = 'it seems to be cut off'

export class DocumentSplitter {
  #pieces: Piece[] = []
  #bytes: Buffer = NOTHING
  #at = 0
  #line = 1
  /** Offset of the current line's first byte; negative once that byte has been let go. */
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
  /** The line of the stream's first value, if that is a document on one line; else Infinity. */
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

  /** Says that the stream is over; returns what is wrong with its end, if anything. */
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
    if (isInside && this.#at - this.#start > DOCUMENT_BYTES_MAX) this.#exceed(tooLong())
    const from = isInside && this.#excess === undefined ? this.#start : this.#at
    this.#bytes = from < this.#bytes.length ? this.#bytes.subarray(from) : NOTHING
    this.#at -= from
    this.#lineStart -= from
    this.#start -= from
    this.#textStart -= from
    this.#textEnd -= from
  }

  #readMark(): void {
    const [first, second, third] = this.#bytes
    this.#state = 'next'
    if (first === 0xef && second === 0xbb && third === 0xbf) this.#at = this.#lineStart = 3
    if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
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
      this.#lose(
        `${show(this.#bytes.subarray(this.#at, this.#at + 1))} where a document should start`,
      )
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
    if (this.#depth > 0 && this.#depth <= NESTING_DEPTH_MAX && !this.#mayOpen()) {
      this.#lose(`"${String.fromCharCode(byte)}" comes where it cannot be`)
    } else if (byte === OPEN_LIST && this.#isPageKey()) {
      if (this.#isPageSound('[]}')) this.#enter('page')
    } else {
      this.#depth += 1
      this.#previous = byte
      this.#at += 1
      if (this.#depth <= NESTING_DEPTH_MAX) this.#openers[this.#depth] = byte
      else this.#exceed(`is nested deeper than ${NESTING_DEPTH_MAX} levels`)
    }
  }

  /** Whether a list or object can stand here: JSON.parse would see it too, but lines too late. */
  #mayOpen(): boolean {
    if (this.#openers[this.#depth] === OPEN_OBJECT) return this.#previous === COLON
    return this.#previous === COMMA || this.#previous === OPEN_LIST
  }

  #shut(byte: number): void {
    const opener = byte === CLOSE_OBJECT ? OPEN_OBJECT : OPEN_LIST
    if (this.#depth <= NESTING_DEPTH_MAX && this.#openers[this.#depth] !== opener) {
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
    if (this.#at - this.#start > DOCUMENT_BYTES_MAX) this.#exceed(tooLong())
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
    try {
      JSON.parse(`${before}${this.#bytes.toString('utf8', this.#start, this.#at)}${ending}`)
      return true
    } catch (error) {
      this.#lose(`around the list of images is no valid JSON: ${(error as Error).message}`)
      return false
    }
  }

  #exceed(message: string): void {
    if (this.#excess !== undefined) return
    this.#excess = message
    this.#head = Buffer.from(this.#bytes.subarray(this.#start, this.#start + HEAD_BYTES))
  }

  /** Gives the current value up and looks for a line where the next one surely starts. */
  #lose(problem: string): void {
    const isInside = this.#state === 'value' || this.#state === 'tail'
    if (isInside) this.#report(problem)
    else this.#reportHere(problem)
    if (this.#state === 'tail') this.#container = 'stream'
    if (!isInside) this.#startColumn = this.#at - this.#lineStart
    // A value that was never closed may have run into the next one: look at this line again.
    const mayRestart = isInside && this.#excess === undefined && this.#lineStart > this.#start
    if (mayRestart) this.#at = this.#lineStart
    this.#isBlankLine = mayRestart
    this.#hasPassedOver = false
    this.#state = 'lost'
  }

  /** While lost: a document starts where a line starts with "{", no deeper than the one given up. */
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
    } else if (isSpace(byte)) {
      this.#at += 1
    } else {
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
    const rest =
      this.#excess === undefined ? this.#bytes.subarray(this.#start, this.#at) : this.#head
    this.#pieces.push({ line: this.#startLine, bytes: rest, problem })
  }

  #reportHere(problem: string): void {
    this.#pieces.push({ line: this.#line, bytes: NOTHING, problem })
  }
}

function tooLong(): string {
  return `is longer than ${DOCUMENT_BYTES_MAX} bytes`
}
