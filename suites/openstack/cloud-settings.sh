# Read by start-cloud and stop-cloud: where a cloud is, and how its services are told apart.

CLOUD_STATE=${CLOUD_STATE:-${TMPDIR:-/tmp}/afterimage-cloud}
CLOUD_KEYSTONE_PORT=${CLOUD_KEYSTONE_PORT:-25000}
CLOUD_GLANCE_PORT=${CLOUD_GLANCE_PORT:-29292}
CLOUD_NOVA_PORT=${CLOUD_NOVA_PORT:-28774}
CLOUD_MEMCACHED_PORT=${CLOUD_MEMCACHED_PORT:-21211}
CLOUD_MARIADB_PORT=${CLOUD_MARIADB_PORT:-23306}
# Where the three services keep their records when the cloud is made: sqlite or mariadb.
if [ -d "$CLOUD_STATE/mariadb" ]; then CLOUD_DB=mariadb; else CLOUD_DB=${CLOUD_DB:-sqlite}; fi
# Processes of each of the three services.
CLOUD_WORKERS=${CLOUD_WORKERS:-2}

# In the order in which they start.
ALL_SERVICES=(memcached keystone glance nova)
[ "$CLOUD_DB" != mariadb ] || ALL_SERVICES=(mariadb "${ALL_SERVICES[@]}")

# Debian's Python, whatever other comes first on the PATH, and no proxy before the loopback.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
unset PYTHONPATH PYTHONHOME
export PATH no_proxy=127.0.0.1 NO_PROXY=127.0.0.1

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

pid_file() {
  printf '%s/%s.pid' "$CLOUD_STATE" "$1"
}

# The service's process id, if it is running: a pid that another program was given since is not it.
running_pid() {
  local pid
  pid=$(cat "$(pid_file "$1")" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$CLOUD_STATE/" || return 1
  printf '%s' "$pid"
}

check_services() {
  local service
  for service in "$@"; do
    [[ " ${ALL_SERVICES[*]} " == *" $service "* ]] ||
      fail "there is no service \"$service\"; the services are: ${ALL_SERVICES[*]}"
  done
}

# One script at a time works on a cloud; the services it starts do not keep the lock.
lock_cloud() {
  mkdir -p "$CLOUD_STATE"
  exec 9>"$CLOUD_STATE/lock"
  flock 9
}
