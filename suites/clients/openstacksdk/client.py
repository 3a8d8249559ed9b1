"""What openstacksdk makes of the Compute API's images; it signs in as clouds.yaml says."""

import json
import os
import sys

import openstack
from keystoneauth1.exceptions.http import Unauthorized
from openstack import exceptions

plan = json.loads(sys.argv[1])
cloud = openstack.connect()
compute = cloud.compute
FILTER_NAMES = {'minRam': 'min_ram', 'minDisk': 'min_disk', 'changes-since': 'changes_since'}


def tell(step, result):
    print(json.dumps({'step': step, 'result': result}))


def ids(images):
    return [image.id for image in images]


def fields(image):
    return {
        'id': image.id,
        'name': image.name,
        'status': image.status,
        'progress': image.progress,
        'minRam': image.min_ram,
        'minDisk': image.min_disk,
        'OS-EXT-IMG-SIZE:size': image.size,
        'created': image.created_at,
        'updated': image.updated_at,
        'metadata': image.metadata,
    }


def refused(call, *args, **kwargs):
    try:
        return call(*args, **kwargs)
    except exceptions.HttpException as error:
        return [type(error).__name__, error.status_code, error.details]
    except Unauthorized as error:
        return [type(error).__name__, error.http_status, error.message]


tell('list', [fields(image) for image in compute.images()])
tell('brief list', [[image.id, image.name] for image in compute.images(details=False)])
for case in plan['filters']:
    query = {FILTER_NAMES.get(name, name): value for name, value in case['query'].items()}
    tell(case['step'], ids(compute.images(**query)))

# Pages by the link in each answer, then page by page with a marker of one's own.
tell('linked pages', [fields(image) for image in compute.images(limit=plan['page'])])
tell('linked brief pages', ids(compute.images(details=False, limit=plan['page'])))
tell('linked filtered pages', ids(compute.images(limit=plan['page'], min_ram=64, status='ACTIVE')))
pages, marker = [], None
while True:
    page = ids(compute.images(limit=plan['page'], marker=marker, paginated=False))
    if not page:
        break
    pages.append(page)
    marker = page[-1]
tell('marked pages', pages)
tell('absent marker', refused(lambda: ids(compute.images(marker=plan['absent']))))

# Compute's images end at microversion 2.35, but v2 knows of no microversions.
TOO_NEW = '2.67'
newer = compute.get('/images/detail', microversion=TOO_NEW)
tell('too new', refused(exceptions.raise_from_response, newer))
v2 = compute.get_endpoint().replace('/v2.1/', '/v2/')
listed = compute.get(f'{v2}/images/detail', microversion=TOO_NEW).json()['images']
tell('v2 list', [image['id'] for image in listed])

admin = openstack.connect(cloud='afterimage-admin')
tell("administrator's list", ids(admin.compute.images()))
stranger = openstack.connect(auth={'password': 'wrong'})
tell('wrong password', refused(lambda: ids(stranger.compute.images())))

# A session whose token is gone signs in again by itself.
revocation = f"{os.environ['OS_AUTH_URL']}/auth/tokens"
cloud.session.delete(revocation, headers={'X-Subject-Token': cloud.auth_token})
tell('list after revocation', ids(compute.images()))

snapshot = plan['snapshot']
tell('show', fields(compute.get_image(snapshot)))
tell('show on the wire', compute.get(f'/images/{snapshot}').json())
alternate = next(link for link in compute.get_image(snapshot).links if link['rel'] == 'alternate')
tell('alternate link', cloud.image.get(alternate['href']).json()['id'])
tell('find by name', compute.find_image('Rocky Linux 9').id)
tell('find by id', compute.find_image(snapshot).id)
tell('find none', compute.find_image('no such image'))
tell('show offered', compute.get_image(plan['offered']).id)
tell('show strange', refused(compute.get_image, plan['strange']))

tell('metadata', compute.get_image_metadata(snapshot).metadata)
compute.set_image_metadata(snapshot, colour='blue', shape='round')
image = compute.get_image_metadata(snapshot)
tell('metadata added', image.metadata)
image.set_metadata_item(compute, 'colour', 'grün')
tell('item', compute.get_image(snapshot).get_metadata_item(compute, 'colour').metadata['colour'])
image.delete_metadata_item(compute, 'shape')
tell('metadata changed', compute.get_image_metadata(snapshot).metadata)
tell('absent item', refused(image.get_metadata_item, compute, 'shape'))
image.replace_metadata(compute, {'only': 'this'})
tell('metadata replaced', compute.get_image(snapshot).metadata)

tell('delete locked', refused(compute.delete_image, plan['locked']))
compute.delete_image(snapshot, ignore_missing=False)
tell('show deleted', refused(compute.get_image, snapshot))
tell('delete deleted', refused(compute.delete_image, snapshot, ignore_missing=False))
tell('list after', ids(compute.images()))

tell('image service list', [[i.id, i.name, i.status] for i in cloud.image.images()])
tell('image service pages', ids(cloud.image.images(limit=plan['page'])))
tell('image service by name', ids(cloud.image.images(name='Rocky Linux 9')))
