"""What Apache Libcloud makes of the images: provider 1.1 asks Compute, 2.x the Image service."""

import json
import os
import sys

from libcloud.common.exceptions import BaseHTTPError
from libcloud.compute.providers import get_driver
from libcloud.compute.types import Provider

plan = json.loads(sys.argv[1])


def tell(step, result):
    print(json.dumps({'step': step, 'result': result}))


def fields(image):
    return {
        'id': image.id,
        'name': image.name,
        'status': image.extra['status'],
        'progress': image.extra['progress'],
        'minRam': image.extra['minRam'],
        'minDisk': image.extra['minDisk'],
        'created': image.extra['created'],
        'updated': image.extra['updated'],
        'metadata': image.extra['metadata'],
    }


def refused(call, *args):
    try:
        return call(*args)
    except BaseHTTPError as error:
        return [error.code, error.message]


def sign_in(api_version, auth_version, auth_path):
    driver = get_driver(Provider.OPENSTACK)
    return driver(
        os.environ['OS_USERNAME'],
        os.environ['OS_PASSWORD'],
        api_version=api_version,
        ex_force_auth_url=os.environ['OS_AUTH_URL'].removesuffix('/v3') + auth_path,
        ex_force_auth_version=auth_version,
        ex_tenant_name=os.environ['OS_PROJECT_NAME'],
        ex_domain_name=os.environ['OS_DOMAIN_NAME'],
        ex_force_service_region=os.environ['OS_REGION_NAME'],
    )


nova = sign_in('1.1', '3.x_password', '/v3/auth/tokens')
tell('list', [fields(image) for image in nova.list_images(ex_only_active=False)])
tell('active list', [image.id for image in nova.list_images()])
snapshot = nova.get_image(plan['snapshot'])
tell('show', fields(snapshot))
tell('server of the image', snapshot.extra['serverId'])
tell('show strange', refused(nova.get_image, plan['strange']))
tell('delete locked', refused(nova.delete_image, nova.get_image(plan['locked'])))

legacy = sign_in('1.1', '2.0_password', '/v2.0/tokens')
tell('list after a v2.0 sign-in', [image.id for image in legacy.list_images(ex_only_active=False)])

glance = sign_in('2.0', '3.x_password', '/v3/auth/tokens')
tell('image service list', [[i.id, i.name, i.extra['status']] for i in glance.list_images()])
tell('image service show', glance.get_image(plan['snapshot']).name)

tell('delete', nova.delete_image(snapshot))
tell('show deleted', refused(nova.get_image, plan['snapshot']))
tell('delete deleted', refused(nova.delete_image, snapshot))
tell('list after', [image.id for image in nova.list_images(ex_only_active=False)])
