"""What the openstack command makes of the Image API; it signs in as clouds.yaml says."""

import contextlib
import hashlib
import io
import json
import os
import subprocess
import tempfile

from openstackclient import shell

DISK = os.environ['IMAGE_QCOW2']
LARGE = os.environ['IMAGE_1_GIB']


def tell(step, result):
    print(json.dumps({'step': step, 'result': result}), flush=True)


# What the command is not told by clouds.yaml it would take from these.
for name in [name for name in os.environ if name.startswith('OS_')]:
    if name != 'OS_CLIENT_CONFIG_FILE':
        del os.environ[name]


def run(*words, cloud='afterimage'):
    """The command itself, without a process for each: those take longer than all they ask for."""
    if cloud != 'afterimage':
        return run_apart('--os-cloud', cloud, *words)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = shell.main(['--os-cloud', cloud, *words])
    return code, out.getvalue(), err.getvalue()


def run_apart(*words):
    """In a process of its own: within one the client stays who it first was."""
    command = ['/usr/bin/openstack', *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def openstack(*words, cloud='afterimage'):
    code, out, err = run(*words, cloud=cloud)
    if code != 0:
        raise SystemExit(f'openstack {" ".join(words)} ended with {code}: {err}')
    return out


def read(*words, cloud='afterimage'):
    return json.loads(openstack(*words, '-f', 'json', cloud=cloud))


def sha512(path):
    digest = hashlib.sha512()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fields(image):
    names = ['name', 'status', 'disk_format', 'size', 'virtual_size', 'min_ram', 'min_disk']
    return {name: image[name] for name in [*names, 'visibility', 'protected', 'tags']}


in_use = read('image', 'list')
formats = ['--disk-format', 'qcow2', '--container-format', 'bare']
made = read(
    'image', 'create', *formats, '--file', DISK, '--min-ram', '512', '--min-disk', '1',
    '--property', 'os_distro=debian', '--tag', 'base', 'made here',
)
disk = made['id']
tell('id', disk)
shown = read('image', 'show', disk)
tell('create', fields(shown))
tell('property', shown['properties']['os_distro'])
tell('hash is the file', shown['properties']['os_hash_value'] == sha512(DISK))
tell('list', [i['ID'] for i in read('image', 'list', '--name', 'made here')])
tell('list by tag', [i['ID'] for i in read('image', 'list', '--tag', 'base')])
tell('list by property', [i['ID'] for i in read('image', 'list', '--property', 'os_distro=debian')])
tell('long list', [i['Size'] for i in read('image', 'list', '--long', '--name', 'made here')])
names = [i['Name'] for i in read('image', 'list', '--sort', 'name:asc')]
tell('sorted by name', names == sorted(names, key=str))
tell('every page', len(read('image', 'list')) - len(in_use))
tell('listed before', len(in_use))

openstack('image', 'set', disk, '--name', 'renamed', '--property', 'colour=grün', '--tag', 'more', '--private')
openstack('image', 'unset', disk, '--property', 'os_distro', '--tag', 'base')
changed = read('image', 'show', disk)
tell('set and unset', fields(changed))
tell('properties after', [changed['properties'].get(key) for key in ('os_distro', 'colour')])

with tempfile.TemporaryDirectory() as folder:
    copy = os.path.join(folder, 'copy')
    openstack('image', 'save', '--file', copy, disk)
    tell('saved whole', sha512(copy) == sha512(DISK))

admin = read('project', 'show', 'admin', cloud='afterimage-admin')['id']
openstack('image', 'set', disk, '--shared')
openstack('image', 'add', 'project', disk, admin)
tell('members', [[m['Member ID'] == admin, m['Status']] for m in read('image', 'member', 'list', disk)])
openstack('image', 'set', disk, '--accept', cloud='afterimage-admin')
tell('accepted', [m['Status'] for m in read('image', 'member', 'list', disk)])
openstack('image', 'remove', 'project', disk, admin)
tell('members after', read('image', 'member', 'list', disk))

openstack('image', 'set', disk, '--protected')
code, _, err = run('image', 'delete', disk)
tell('delete protected', [code, '403' in err])
openstack('image', 'set', disk, '--unprotected')
openstack('image', 'set', disk, '--deactivate')
tell('deactivated', read('image', 'show', disk)['status'])
openstack('image', 'set', disk, '--activate')
tell('reactivated', read('image', 'show', disk)['status'])
code, _, err = run('image', 'set', disk, '--public')
tell('publish', [code, '403' in err])
openstack('image', 'set', disk, '--public', cloud='afterimage-admin')
tell('published by the administrator', read('image', 'show', disk)['visibility'])
code, _, err = run('image', 'set', disk, '--name', 'x')
tell('still for its owner to change', code)

large = read('image', 'create', '--disk-format', 'raw', '--container-format', 'bare', '--file', LARGE, 'large')['id']
shown = read('image', 'show', large)
tell('large', fields(shown))
with tempfile.TemporaryDirectory() as folder:
    copy = os.path.join(folder, 'copy')
    openstack('image', 'save', '--file', copy, large)
    tell('large saved whole', sha512(copy) == shown['properties']['os_hash_value'] == sha512(LARGE))

openstack('image', 'delete', disk, large)
code, _, err = run('image', 'show', disk)
tell('show deleted', [code, 'No Image found' in err])
