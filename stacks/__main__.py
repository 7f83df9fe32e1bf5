from stacks.config.stack_file import PLATFORM, load
from stacks.outputs.exports import export
from stacks.platform.mistakes import explained_mistakes
from stacks.platform.reminder_platform import reminder_platform

with explained_mistakes(reminder_platform):
    export(reminder_platform(load(PLATFORM)))
