from foundation.account import account
from foundation.config import PROGRAM
from stacks.exports import export_plain
from stacks.foundation import FoundationOutputs
from stacks.stack_file import load

export_plain(account(load(PROGRAM)), FoundationOutputs)
