#!/bin/sh
# Installs from Debian what the system tier runs beside our own code, if it is missing.
set -eu

missing=
command -v chromium >/dev/null || missing="$missing chromium"
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
command -v haproxy >/dev/null || [ -x /usr/sbin/haproxy ] || missing="$missing haproxy"
command -v libwebsockets-test-client >/dev/null || missing="$missing libwebsockets-test-server"
command -v gcc >/dev/null || missing="$missing gcc libc6-dev"
command -v nats-server >/dev/null || [ -x /usr/sbin/nats-server ] || missing="$missing nats-server"
/usr/bin/python3 -c 'import websockets' 2>/dev/null || missing="$missing python3-websockets"
/usr/bin/python3 -c 'import autobahn' 2>/dev/null || missing="$missing python3-autobahn"
if [ -z "$missing" ]; then
  echo "Everything that the system tier needs is there."
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "The system tier needs:$missing. There is no apt-get here: install them in this system's own way." >&2
  exit 1
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "To install$missing, run this as root, or install sudo." >&2; exit 1; }
  sudo=sudo
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -q
# shellcheck disable=SC2086 # a list of names
$sudo apt-get install -y -q --no-install-recommends $missing
