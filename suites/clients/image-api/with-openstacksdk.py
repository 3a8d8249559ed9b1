"""What openstacksdk makes of the Image API, and what old clients then see through Compute."""

import hashlib
import json
import os

import openstack
from libcloud.compute.providers import get_driver
from libcloud.compute.types import Provider
from openstack import exceptions

DISK = os.environ['IMAGE_QCOW2']
cloud = openstack.connect()
image, compute = cloud.image, cloud.compute


def tell(step, result):
    print(json.dumps({'step': step, 'result': result}), flush=True)


def seen(identifier):
    """An image as Compute shows it."""
    found = compute.get_image(identifier)
    return [found.status, found.progress, found.size, found.min_ram, found.min_disk]


def refused(call, *args, **kwargs):
    try:
        return call(*args, **kwargs)
    except exceptions.HttpException as error:
        return [type(error).__name__, error.status_code]


with open(DISK, 'rb') as file:
    data = file.read()

slow = image.create_image(
    'slowly', allow_duplicates=True, disk_format='qcow2', container_format='bare', min_ram=64, min_disk=3, validate_checksum=False
)
tell('queued in compute', seen(slow.id))


def pieces():
    yield data[:1000]
    # Sent as soon as it is yielded; the server has begun to read by then.
    for _ in range(200):
        if seen(slow.id)[1] != 25:
            break
    tell('saving in compute', seen(slow.id)[:2])
    tell('saving in the image service', image.get_image(slow.id).status)
    yield data[1000:]


headers = {'Content-Type': 'application/octet-stream'}
uploaded = image.put(f'/images/{slow.id}/file', data=pieces(), headers=headers)
tell('uploaded in pieces', uploaded.status_code)
tell('active in compute', seen(slow.id))
tell('size', [image.get_image(slow.id).size == len(data), compute.get_image(slow.id).size == len(data)])

made = image.create_image('by sdk', filename=DISK, disk_format='qcow2', container_format='bare', wait=True, tags=['x'], colour='blue')
found = image.find_image('by sdk')
tell('create and find', [found.id == made.id, found.status, found.disk_format, found.tags, found.properties['colour']])
tell('hash', found.hash_value == hashlib.sha512(data).hexdigest())
tell('metadata in compute', compute.get_image(made.id).metadata['colour'])
compute.set_image_metadata(made.id, colour='green', shape='round')
changed = image.get_image(made.id)
tell('written through compute', [changed.properties['colour'], changed.properties['shape']])
tell('downloaded', image.download_image(made.id).content == data)
tell('streamed', b''.join(image.download_image(made.id, stream=True).iter_content(4096)) == data)
image.update_image(made.id, name='renamed', min_ram=128)
tell('update', [image.get_image(made.id).name, compute.get_image(made.id).name, seen(made.id)[3]])
image.add_tag(made.id, 'y')
image.remove_tag(made.id, 'x')
tell('tags', image.get_image(made.id).tags)
member = image.add_member(made.id, member_id='0123456789abcdef0123456789abcdef')
tell('member', [m.status for m in image.members(made.id)])
image.remove_member(member, made.id)
tell('members after', list(image.members(made.id)))
image.deactivate_image(made.id)
tell('deactivated', [image.get_image(made.id).status, seen(made.id)[0]])
image.reactivate_image(made.id)
names = [i.name for i in image.images(sort='name:asc', limit=100)]
tell('sorted pages', names == sorted(names, key=lambda name: (name is not None, name)))
tell('by visibility', made.id in [i.id for i in image.images(visibility='shared')])
cloudimages = image.get('/cloudimages', params={'__imagetype': 'shared', 'name': 'renamed'}).json()
tell('cloudimages', [i['id'] == made.id for i in cloudimages['images']])

driver = get_driver(Provider.OPENSTACK)(
    os.environ['OS_USERNAME'],
    os.environ['OS_PASSWORD'],
    api_version='1.1',
    ex_force_auth_url=os.environ['OS_AUTH_URL'] + '/auth/tokens',
    ex_force_auth_version='3.x_password',
    ex_tenant_name=os.environ['OS_PROJECT_NAME'],
    ex_domain_name=os.environ['OS_DOMAIN_NAME'],
    ex_force_service_region=os.environ['OS_REGION_NAME'],
)
tell('in libcloud', sorted([i.name, i.extra['status']] for i in driver.list_images() if i.id in (made.id, slow.id)))

image.delete_image(made.id)
compute.delete_image(slow.id)
tell('gone there too', [refused(compute.get_image, made.id), refused(image.get_image, slow.id)])
tell('data gone too', refused(lambda: exceptions.raise_from_response(image.get(f'/images/{slow.id}/file'))))
