# What fog-openstack makes of the Compute API's images, as Foreman and test-kitchen use it.

require 'fog/openstack'
require 'json'

PLAN = JSON.parse(ARGV[0])

def tell(step, result)
  puts JSON.generate('step' => step, 'result' => result)
end

def fields(image)
  {
    'id' => image.id,
    'name' => image.name,
    'status' => image.status,
    'progress' => image.progress,
    'minRam' => image.minRam,
    'minDisk' => image.minDisk,
    'OS-EXT-IMG-SIZE:size' => image.size,
    'created' => image.created_at,
    'updated' => image.updated_at,
    'metadata' => metadata(image)
  }
end

def metadata(image)
  image.metadata.to_a.to_h { |item| [item.key, item.value] }
end

def refused
  yield
rescue Excon::Error::HTTPStatus => error
  [error.response.status, JSON.parse(error.response.body).values.first['message']]
rescue Fog::OpenStack::Compute::NotFound => error
  [404, error.class.name]
end

def sign_in(project)
  Fog::OpenStack::Compute.new(
    {
      openstack_auth_url: ENV['OS_AUTH_URL'].delete_suffix('/v3'),
      openstack_username: ENV['OS_USERNAME'],
      openstack_api_key: ENV['OS_PASSWORD'],
      openstack_region: ENV['OS_REGION_NAME']
    }.merge(project)
  )
end

compute = sign_in(
  openstack_project_name: ENV['OS_PROJECT_NAME'],
  openstack_domain_name: ENV['OS_DOMAIN_NAME']
)
tell 'list', compute.images.map { |image| fields(image) }
tell 'brief list', compute.list_images.body['images'].map { |image| image.values_at('id', 'name') }
PLAN['filters'].each do |filter|
  tell filter['step'], compute.images.all(filter['query']).map(&:id)
end
tell 'one page', compute.images.all('limit' => PLAN['page']).map(&:id)
tell 'next page', compute.images.all('limit' => 2, 'marker' => PLAN['snapshot']).map(&:id)

legacy = sign_in(openstack_tenant: ENV['OS_PROJECT_NAME'])
tell 'list after a v2.0 sign-in', legacy.images.map(&:id)

snapshot = compute.images.get(PLAN['snapshot'])
tell 'show', fields(snapshot)
tell 'server of the image', snapshot.server['id']
tell 'show strange', compute.images.get(PLAN['strange'])
tell 'details of a strange one', refused { compute.get_image_details(PLAN['strange']) }

fresh = -> { compute.images.get(PLAN['snapshot']) }
tell 'item', snapshot.metadata.get('image_type').value
tell 'absent item', snapshot.metadata.get('missing')
snapshot.metadata.update('colour' => 'blue', 'shape' => 'round')
tell 'metadata added', metadata(fresh.call)
compute.update_meta('images', snapshot.id, 'colour', 'grün')
snapshot.metadata.get('shape').destroy
snapshot.metadata.all
tell 'metadata changed', metadata(snapshot)
snapshot.metadata.set('only' => 'this')
tell 'metadata replaced', metadata(fresh.call)

tell 'delete locked', refused { compute.images.get(PLAN['locked']).destroy }
tell 'delete', snapshot.destroy
tell 'show deleted', compute.images.get(PLAN['snapshot'])
tell 'delete deleted', refused { snapshot.destroy }
tell 'list after', compute.images.map(&:id)
