import { said } from '../request/said.ts'
import { deactivateImage, reactivateImage } from './actions.ts'
import { createImage } from './create.ts'
import { downloadData } from './data-download.ts'
import { importData } from './data-import.ts'
import { stageData, uploadData } from './data-upload.ts'
import { deleteImage } from './delete.ts'
import type { Handler } from './dependencies.ts'
import { ImageFault } from './faults.ts'
import { showImportInfo, showStores, showUsage } from './info.ts'
import { listImages } from './list.ts'
import { addMember, deleteMember, listMembers, showMember, updateMember } from './members.ts'
import { seenImage } from './rights.ts'
import type { Operation } from './routes.ts'
import { IMAGE_SCHEMA, IMAGES_SCHEMA, MEMBER_SCHEMA, MEMBERS_SCHEMA } from './schemas.ts'
import { addTag, deleteTag } from './tags.ts'
import { updateImage } from './update.ts'
import { printImage } from './view.ts'

/** Answers `GET /v2/images/{id}`. */
const showImage: Handler = async (call, deps) => {
  const image = await seenImage(call, deps, said`No image found with ID ${call.id}`)
  return json(printImage(image))
}

/** No task is ever made here. */
const listImageTasks: Handler = async (call, deps) => {
  await seenImage(call, deps, 'The resource could not be found.')
  return json('{"tasks": []}')
}

const listCloudimages: Handler = (call, { cloudimages, catalogue }) => {
  if (cloudimages !== undefined) return cloudimages(call, catalogue)
  throw new ImageFault('route.not_found', 'The resource could not be found.')
}

/** What carries out each operation. */
export const HANDLERS: Readonly<Record<Operation, Handler>> = {
  // Glance's router leads `/v2` to `/v2/`, where it has nothing (glance/common/wsgi.py, Router).
  enter: ({ base }) => ({
    status: 302,
    headers: { 'content-type': 'text/plain; charset=utf8', location: `${base}/v2/` },
    body: '',
  }),
  list_images: listImages,
  create_image: createImage,
  show_image: showImage,
  update_image: updateImage,
  delete_image: deleteImage,
  upload_data: uploadData,
  download_data: downloadData,
  stage_data: stageData,
  import_data: importData,
  deactivate_image: deactivateImage,
  reactivate_image: reactivateImage,
  add_tag: addTag,
  delete_tag: deleteTag,
  list_members: listMembers,
  add_member: addMember,
  show_member: showMember,
  update_member: updateMember,
  delete_member: deleteMember,
  list_image_tasks: listImageTasks,
  list_cloudimages: listCloudimages,
  show_image_schema: () => json(IMAGE_SCHEMA),
  show_images_schema: () => json(IMAGES_SCHEMA),
  show_member_schema: () => json(MEMBER_SCHEMA),
  show_members_schema: () => json(MEMBERS_SCHEMA),
  show_import_info: showImportInfo,
  show_stores: showStores,
  show_usage: showUsage,
}

function json(body: string) {
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}
