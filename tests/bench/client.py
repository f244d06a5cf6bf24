"""The same with Python's prometheus_client: `client.py ADDRESS COMMAND [ARG...]`"""

import subprocess
import sys
import time

from prometheus_client import CollectorRegistry, Gauge, pushadd_to_gateway

start = time.monotonic()
status = subprocess.call(sys.argv[2:])
registry = CollectorRegistry()
Gauge("job_duration_seconds", "Wall time.", registry=registry).set(time.monotonic() - start)
Gauge("job_success", "1, or 0 for a failure.", registry=registry).set(status == 0)
Gauge("job_last_completion_timestamp_seconds", "Time of the end.", registry=registry).set_to_current_time()
pushadd_to_gateway(sys.argv[1], job="client", registry=registry)
sys.exit(status)
