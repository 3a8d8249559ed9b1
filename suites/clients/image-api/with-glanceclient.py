"""What the glance command makes of the Image API; it signs in by OS_* variables."""

import contextlib
import hashlib
import io
import json
import os
import re
import sys
import tempfile
import time

from glanceclient import shell

DISK = os.environ['IMAGE_QCOW2']
DOMAIN = os.environ.pop('OS_DOMAIN_NAME')
os.environ.update(OS_USER_DOMAIN_NAME=DOMAIN, OS_PROJECT_DOMAIN_NAME=DOMAIN, OS_IDENTITY_API_VERSION='3')
DEADLINE_S = 30


class Terminal(io.StringIO):
    """What else is open as standard input the client takes for an image's data."""

    def isatty(self):
        return True


sys.stdin = Terminal()


def tell(step, result):
    print(json.dumps({'step': step, 'result': result}), flush=True)


def run(*words):
    """The command itself, without a process for each: those take longer than all they ask for."""
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ['glance', *words]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = shell.main()
        except SystemExit as end:
            code = end.code
    return code or 0, out.getvalue(), err.getvalue()


def glance(*words):
    code, out, err = run(*words)
    if code != 0:
        raise SystemExit(f'glance {" ".join(words)} ended with {code}: {err}')
    return out


def table(text):
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in text.splitlines() if line.startswith('|')]
    return rows[1:]


def fields(text):
    return {row[0]: row[1] for row in table(text) if row[0]}


def digest(path):
    with open(path, 'rb') as file:
        return hashlib.md5(file.read()).hexdigest()


def ids(*words):
    return [row[0] for row in table(glance('image-list', *words))]


NEW = ['image-create', '--disk-format', 'qcow2', '--container-format', 'bare', '--name']

before = ids()
tell('list', len(before))
tell('pages', ids('--page-size', '100') == before)
tell('sorted list', ids('--sort', 'name:asc', '--limit', '5') == ids('--sort-key', 'name', '--sort-dir', 'asc', '--limit', '5'))

made = fields(glance(*NEW, 'with data', '--file', DISK, '--property', 'os_distro=debian'))
disk = made['id']
tell('create', [made[key] for key in ('status', 'size', 'virtual_size', 'os_distro', 'visibility')])
tell('checksum of the file', made['checksum'] == digest(DISK))
updated = fields(glance('image-update', disk, '--name', 'new name', '--property', 'a=b', '--remove-property', 'os_distro'))
tell('update', [updated['name'], updated['a'], 'os_distro' in updated])
tell('found by property', ids('--property-filter', 'a=b') == [disk])
tell('in the list', disk in ids())
with tempfile.TemporaryDirectory() as folder:
    copy = os.path.join(folder, 'copy')
    glance('image-download', '--file', copy, disk)
    tell('downloaded whole', digest(copy) == digest(DISK))
glance('image-tag-update', disk, 'tagged')
tell('found by tag', ids('--tag', 'tagged') == [disk])
glance('image-tag-delete', disk, 'tagged')
glance('image-deactivate', disk)
tell('deactivated', fields(glance('image-show', disk))['status'])
glance('image-reactivate', disk)

project = '0123456789abcdef0123456789abcdef'
glance('member-create', disk, project)
tell('members', [row[1:] for row in table(glance('member-list', '--image-id', disk))])
glance('member-delete', disk, project)
tell('members after', table(glance('member-list', '--image-id', disk)))

empty = fields(glance(*NEW, 'empty'))
tell('created empty', [empty['status'], empty['size']])
with tempfile.TemporaryDirectory() as folder:
    copy = os.path.join(folder, 'copy')
    code, _, err = run('image-download', '--file', copy, empty['id'])
    tell('download of none', [code, 'has no data' in err])
glance('image-upload', '--file', DISK, empty['id'])
tell('uploaded', fields(glance('image-show', empty['id']))['status'])
code, _, err = run('image-upload', '--file', DISK, empty['id'])
tell('uploaded twice', [code, re.search('HTTP 409 Conflict', err) is not None])

staged = fields(glance(*NEW, 'staged'))['id']
glance('image-stage', '--file', DISK, staged)
tell('staged', fields(glance('image-show', staged))['status'])
glance('image-import', '--import-method', 'glance-direct', staged)
deadline = time.monotonic() + DEADLINE_S
while (imported := fields(glance('image-show', staged)))['status'] != 'active' and time.monotonic() < deadline:
    time.sleep(0.2)
tell('imported', [imported['status'], imported['checksum'] == digest(DISK)])
at_once = fields(glance('image-create-via-import', *NEW[1:], 'at once', '--file', DISK, '--import-method', 'glance-direct'))
tell('created by import', at_once['status'] in ('uploading', 'importing', 'active'))

tell('import methods', 'glance-direct' in ''.join(row[1] for row in table(glance('import-info'))))
for name, words in {'tasks': ['task-list'], 'metadata definitions': ['md-namespace-list']}.items():
    code, _, err = run(*words)
    tell(f'left out: {name}', [code, 'HTTP 501 Not Implemented' in err])

glance('image-delete', disk, empty['id'], staged, at_once['id'])
code, _, err = run('image-show', disk)
tell('show deleted', [code, 'HTTP 404 Not Found' in err])
tell('list after', ids() == before)
