/** What can go wrong with image data, by code. A face decides what each becomes on the wire. */
export type ImageDataFaultCode =
  /** Data for this image is being received already. */
  | 'data.claimed'
  /** As many uploads as there may be are under way. */
  | 'data.too_many'
  /** More bytes than an image may have. */
  | 'data.too_large'
  /** The disk is full, or would be fuller than its floor allows. */
  | 'data.no_space'
  /** The disk may not be written. */
  | 'data.read_only'
  /** The disk reports an error, or too many files are open. */
  | 'data.unwritable'

/** Thrown by image files. `message` is for the caller; `detail` is for the log alone. */
export class ImageDataFault extends Error {
  override readonly name = 'ImageDataFault'
  readonly code: ImageDataFaultCode
  readonly detail: string | undefined

  constructor(code: ImageDataFaultCode, message: string, detail?: string) {
    super(message)
    this.code = code
    this.detail = detail
  }
}

const DISK_FAULTS: Readonly<Record<string, ImageDataFaultCode>> = {
  ENOSPC: 'data.no_space',
  EDQUOT: 'data.no_space',
  EFBIG: 'data.too_large',
  EROFS: 'data.read_only',
  EACCES: 'data.read_only',
  EPERM: 'data.read_only',
  EIO: 'data.unwritable',
  EBUSY: 'data.unwritable',
  EMFILE: 'data.unwritable',
  ENFILE: 'data.unwritable',
}

/** The words of glance/api/v2/image_data.py and glance_store/exceptions.py. */
const MESSAGES: Readonly<Record<ImageDataFaultCode, string>> = {
  'data.claimed': 'Data for this image is being received already.',
  'data.too_many': 'Too many images are being uploaded or imported. Try again later.',
  'data.too_large': 'The incoming image is too large: The provided image is too large.',
  'data.no_space':
    'Image storage media is full: There is not enough disk space on the image storage media.',
  'data.read_only':
    'Insufficient permissions on image storage media: Permission to write image storage media ' +
    'denied.',
  'data.unwritable': 'The server cannot use its image files at the moment. Try again later.',
}

export function imageDataFault(code: ImageDataFaultCode, detail?: string): ImageDataFault {
  return new ImageDataFault(code, MESSAGES[code], detail)
}

/**
 * The fault that a failed system call on the disk means to an uploader; other errors are returned
 * unchanged.
 */
export function ofSystemError(error: unknown): unknown {
  const code = DISK_FAULTS[(error as NodeJS.ErrnoException)?.code ?? '']
  return code === undefined ? error : imageDataFault(code, String(error))
}
