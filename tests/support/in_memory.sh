#!/bin/sh
# Run a command with its temporary folder in memory, where there is room for it and programs may be run from there.
#
# The tests copy some thousand projects and write some ten thousand records that have to reach the disk before they
# count. Nobody reads them after the run: no disk is to be waited for. A TMPDIR that is set stays what it is.
set -u
free=$(df -Pk /dev/shm 2> /dev/null | awk 'NR == 2 { print $4 }')
available=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2> /dev/null)
if [ -z "${TMPDIR:-}" ] && [ "${free:-0}" -gt 6000000 ] && [ "${available:-0}" -gt 8000000 ]; then
  folder=$(mktemp -d /dev/shm/reconciler-tests-XXXXXX) || exit
  trap 'rm -rf "$folder"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '#!/bin/sh\n' > "$folder/program"
  chmod +x "$folder/program"
  if "$folder/program" 2> /dev/null; then
    TMPDIR=$folder
    export TMPDIR
  fi
fi
"$@"
