"""What openstacksdk makes of images and servers on one Compute endpoint; it signs in by OS_*."""

import json

import openstack

cloud = openstack.connect(load_yaml_config=False)
compute = cloud.compute


def tell(step, result):
    print(json.dumps({'step': step, 'result': result}))


images = list(compute.images())
tell('images', [[image.id, image.name, image.status] for image in images])
tell('pages', [image.id for image in compute.images(limit=10)])
tell('by name', [image.id for image in compute.images(name='plain')])
tell('show', compute.get_image(images[0].id).name)
tell('servers', [server.name for server in compute.servers(details=False)])
tell('flavors', [flavor.name for flavor in compute.flavors()])
alternate = next(link['href'] for link in images[0].links if link['rel'] == 'alternate')
answer = cloud.session.get(alternate, raise_exc=False)
tell('alternate', [answer.status_code, answer.json().get('id')])
