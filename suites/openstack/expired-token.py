"""Prints a token of a Keystone that has expired, since no test can wait for one.

Arguments: keystone.conf, the user's id, the project's id.
As keystone/token/token_formatters.py makes them, only for a time that is past.
"""

import datetime
import sys

import keystone.conf
from keystone.token import token_formatters

keystone.conf.configure()
keystone.conf.CONF([], project='keystone', default_config_files=[sys.argv[1]])
an_hour_ago = datetime.datetime.utcnow() - datetime.timedelta(hours=1)
print(
    token_formatters.TokenFormatter().create_token(
        sys.argv[2],
        an_hour_ago.strftime('%Y-%m-%dT%H:%M:%S.%fZ'),
        ['AUDIT-AUDIT-AUDIT-AUDI'],
        token_formatters.ProjectScopedPayload,
        methods=['password'],
        project_id=sys.argv[3],
    )
)
