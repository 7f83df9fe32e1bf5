import sys

from herald.command_line import main

sys.exit(main())
