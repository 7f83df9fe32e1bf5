from stacks.config.stack_file import load
from stacks.foundation.account import account
from stacks.foundation.config import PROGRAM
from stacks.outputs.exports import export_plain
from stacks.outputs.foundation import FoundationOutputs

export_plain(account(load(PROGRAM)), FoundationOutputs)
