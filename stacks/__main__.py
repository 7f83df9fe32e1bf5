from stacks.exports import export
from stacks.reminder_platform import reminder_platform
from stacks.stack_file import PLATFORM, load

export(reminder_platform(load(PLATFORM)))
