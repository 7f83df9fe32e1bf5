import sys

from operations.command_line import main

sys.exit(main())
