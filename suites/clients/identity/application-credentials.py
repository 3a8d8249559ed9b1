"""What the openstack command makes of application credentials."""

import os
import tempfile

import yaml
from openstack_command import admin, member, read, run, tell

with open(os.environ['OS_CLIENT_CONFIG_FILE']) as file:
    auth_url = yaml.safe_load(file)['clouds']['afterimage']['auth']['auth_url']


def cloud_of(credential, **more):
    auth = {
        'auth_url': auth_url,
        'application_credential_secret': credential['secret'],
        **(more or {'application_credential_id': credential['id']}),
    }
    return {'auth_type': 'v3applicationcredential', 'auth': auth, 'region_name': 'RegionOne'}


def named(name, images):
    """How many there are; one of the project's own is seen by nobody else."""
    return len([image for image in images if image['Name'] == name])


made = member('application', 'credential', 'create', 'ci', '--role', 'member', '--description', 'builds')
tell('created', [made['name'], made['roles'], made['description'], made['unrestricted'], made['expires_at']])
expiring = member(
    'application', 'credential', 'create', 'short', '--secret', 'chosen', '--unrestricted',
    '--expiration', '2099-12-31T23:59:58',
)
tell('created with options', [expiring['secret'], expiring['roles'], expiring['unrestricted'], expiring['expires_at']])
tell('listed', sorted([c['Name'], c['Description'], c['Expires At']] for c in member('application', 'credential', 'list')))
tell('listed by the administrator', len(admin('application', 'credential', 'list', '--user', 'demo')))
shown = member('application', 'credential', 'show', 'ci')
tell('shown', [shown['id'] == made['id'], shown['name'], shown['roles'], 'secret' in shown])

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'clouds.yaml')
    clouds = {
        'ci': cloud_of(made),
        'named': cloud_of(
            expiring, application_credential_name='short', username='demo', user_domain_name='Default',
        ),
    }
    with open(path, 'w') as file:
        yaml.safe_dump({'clouds': clouds}, file)
    tell('images', named('locked', read('image', 'list', '--name', 'locked', cloud='ci', file=path)))
    tell('images by name', named('locked', read('image', 'list', '--name', 'locked', cloud='named', file=path)))
    code, _, err = run('image', 'create', 'made by ci', cloud='ci', file=path)
    tell('image made', code)
    code, _, err = run('application', 'credential', 'create', 'more', cloud='ci', file=path)
    tell('restricted', [code, '403' in err])
    code, _, err = run('application', 'credential', 'delete', 'ci', cloud='named', file=path)
    tell('deleted', code)
    code, _, err = run('image', 'list', cloud='ci', file=path)
    tell('signs in no more', [code, '401' in err])

code, _, err = run('application', 'credential', 'delete', 'short', cloud='afterimage')
tell('deleted too', code)
tell('listed after', [c['Name'] for c in member('application', 'credential', 'list')])

# The clouds.yaml that `afterimage credential create` printed, as it is.
found = read('image', 'list', '--name', 'made by ci', cloud='machine', file=os.environ['MACHINE_CLOUDS_YAML'])
tell('images of a machine', named('made by ci', found))
