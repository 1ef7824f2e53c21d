#!/bin/sh
# volttron-example-agent NAME: runs an agent of examples/ in a container. On the first start it creates the agent's
# credential in the home of the platform, which it shares with the platform's container.
set -eu

name=$1
[ -e "$VOLTTRON_HOME/credentials_store/$name.json" ] || vctl auth add "$name"
exec node "/app/examples/dist/$name.js"
