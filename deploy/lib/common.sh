# Shared by deploy/run and deploy/test: finds the project, installs what is missing, configures, builds.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

packages=(
  clang-16 libclang-rt-16-dev cmake ninja-build ccache mold git ca-certificates tzdata
  libboost1.81-dev libboost-test1.81-dev rapidjson-dev libpugixml-dev libyaml-cpp-dev
  libssl-dev libsqlite3-dev libzstd-dev libjemalloc-dev libicu-dev libfmt-dev libcli11-dev
  libhowardhinnant-date-dev libexpected-dev prometheus-cpp-dev
)

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1; then sudo "$@"
  else
    echo "chartwire: these packages are missing and neither root nor sudo is at hand:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    exit 2
  fi
}

install_packages() {
  missing=()
  for package in "${packages[@]}" "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0
  echo "chartwire: installing ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build PRESET [TARGET...]: configures once, then builds what changed.
build() {
  local preset=$1
  shift
  cd "$root"
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >/dev/null
  cmake --build "build/$preset" ${@:+--target "$@"}
}
