"""What the openstack command makes of the Identity API; it signs in as clouds.yaml says."""

import json
import os
import subprocess


def tell(step, result):
    print(json.dumps({'step': step, 'result': result}), flush=True)


# What the command is not told by clouds.yaml it would take from these.
for name in [name for name in os.environ if name.startswith('OS_')]:
    if name != 'OS_CLIENT_CONFIG_FILE':
        del os.environ[name]


def run(*words, cloud):
    command = ['/usr/bin/openstack', '--os-cloud', cloud, *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def read(*words, cloud):
    code, out, err = run(*words, '-f', 'json', cloud=cloud)
    if code != 0:
        raise SystemExit(f'openstack {" ".join(words)} ended with {code}: {err}')
    return json.loads(out)


def admin(*words):
    return read(*words, cloud='afterimage-admin')


def member(*words):
    return read(*words, cloud='afterimage')


tell('services', sorted([s['Type'], s['Name']] for s in admin('service', 'list')))
shown = admin('service', 'show', 'glance')
tell('service', [shown['type'], shown['enabled']])
endpoints = admin('endpoint', 'list', '--service', 'image')
tell('endpoints', [sorted([e['Interface'], e['Region'], e['Service Type'], e['URL']] for e in endpoints)])
tell('all endpoints', len(admin('endpoint', 'list')))
shown = admin('endpoint', 'show', endpoints[0]['ID'])
tell('endpoint', [shown['service_type'], shown['url'] == endpoints[0]['URL']])
tell('regions', [[r['Region'], r['Parent Region']] for r in admin('region', 'list')])
tell('region', admin('region', 'show', 'RegionOne')['region'])
tell('roles', sorted(r['Name'] for r in admin('role', 'list')))
tell('role', admin('role', 'show', 'member')['name'])


def assignments(*words):
    found = admin('role', 'assignment', 'list', '--names', *words)
    return sorted([a['User'], a['Role'], a['Project']] for a in found)


tell('assignments', assignments())
tell('effective assignments', assignments('--effective', '--user', 'demo'))
tell('assignments of a role', assignments('--role', 'admin'))
tell('assignments on a project', assignments('--project', 'demo'))
code, _, err = run('service', 'list', cloud='afterimage')
tell('services for a member', [code, '403' in err])
