# What fog-openstack makes of images and servers on one Compute endpoint; it signs in by OS_*.

require 'fog/openstack'
require 'json'

def tell(step, result)
  puts JSON.generate('step' => step, 'result' => result)
end

compute = Fog::OpenStack::Compute.new(
  openstack_auth_url: ENV['OS_AUTH_URL'].delete_suffix('/v3'),
  openstack_username: ENV['OS_USERNAME'],
  openstack_api_key: ENV['OS_PASSWORD'],
  openstack_project_name: ENV['OS_PROJECT_NAME'],
  openstack_domain_id: 'default'
)
tell 'images', compute.images.map { |image| [image.id, image.name, image.status] }
tell 'by name', compute.images.all('name' => 'plain').map(&:id)
tell 'show', compute.images.get(compute.images.first.id).name
tell 'servers', compute.list_servers.body['servers'].map { |server| server['name'] }
