"""The AWS types of the programs: those that the plugin creates, and those that it only plans."""

from plugins.aws.package import served_type
from review.resource_types import TYPES

AWS = [token for token in TYPES if token.startswith("aws:")]
SERVED = [token for token in AWS if served_type(token)]
PLANNED = [token for token in AWS if not served_type(token)]
