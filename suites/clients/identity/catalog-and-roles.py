"""What the openstack command makes of services, endpoints, regions and roles."""

from openstack_command import admin, run, tell

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
