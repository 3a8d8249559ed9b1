"""Runs the openstack command, which signs in as clouds.yaml says, and tells what came of it."""

import contextlib
import io
import json
import os
import subprocess

from openstackclient import shell


def tell(step, result):
    print(json.dumps({'step': step, 'result': result}), flush=True)


# What the command is not told by clouds.yaml it would take from these.
for name in [name for name in os.environ if name.startswith('OS_')]:
    if name != 'OS_CLIENT_CONFIG_FILE':
        del os.environ[name]


def run(*words, cloud, file=None):
    """The administrator's within this process, where the client stays who it first was; it is faster."""
    if cloud != 'afterimage-admin':
        return run_apart(*words, cloud=cloud, file=file)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = shell.main(['--os-cloud', cloud, *words])
    return code, out.getvalue(), err.getvalue()


def run_apart(*words, cloud, file):
    command = ['/usr/bin/openstack', '--os-cloud', cloud, *words]
    environment = {**os.environ, **({'OS_CLIENT_CONFIG_FILE': file} if file else {})}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment,
    )
    return done.returncode, done.stdout, done.stderr


def read(*words, cloud, file=None):
    code, out, err = run(*words, '-f', 'json', cloud=cloud, file=file)
    if code != 0:
        raise SystemExit(f'openstack {" ".join(words)} ended with {code}: {err}')
    return json.loads(out)


def admin(*words):
    return read(*words, cloud='afterimage-admin')


def member(*words):
    return read(*words, cloud='afterimage')
