"""`make bench`: what a request costs in CPU, beside what its statement alone costs; and what a message costs on disk.

Absolute times say nothing on a shared machine. So the floor (pgbench sending the very statement) and the server are
measured in turn, in
interleaved rounds of one run, as CPU seconds of all processes involved, and the least of the rounds counts for each.
"""

import django

django.setup()

from benchmarks import hot_path, storage  # noqa: E402 - after Django is ready

hot_path.run()
storage.run()
