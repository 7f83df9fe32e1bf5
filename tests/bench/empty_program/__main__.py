import os

import pulumi

for number in range(int(os.environ["EMPTY_COMPONENTS"])):
    pulumi.ComponentResource("herald:bench:Empty", f"empty-{number}").register_outputs({})
