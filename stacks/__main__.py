from stacks.exports import export
from stacks.reminder_platform import reminder_platform
from stacks.stack_file import load

export(reminder_platform(load()))
