#!/usr/bin/python
"""The remotes of a container runtime as a desired state."""

DOCUMENTATION = r"""
module: portolan_state
short_description: Make the remotes of a container runtime what a state says
description:
  - Runs C(portolan remote apply), which changes one file in one write, and only if something differs.
  - What the state does not name stays as it is, unless O(prune) is set.
options:
  state:
    description: The state, in the words of remote.yaml. Tokens are not part of it; see O(tokens).
    type: dict
  src:
    description: A file on the managed node that contains the state, in place of O(state).
    type: path
  scope:
    description: Whether the system's file changes, for all users, or the file of the user that the task runs as.
    type: str
    choices: [system, user]
    default: system
  prune:
    description: Remove the remotes that the state does not name.
    type: bool
    default: false
  tokens:
    description: Access tokens by the name of their remote, for O(scope=user). They are never logged.
    type: dict
  command:
    description: The container command whose files change.
    type: str
    default: apptainer
  sysconfdir:
    description: The directory of the system's configuration, where it is not the one that portolan finds.
    type: path
  executable:
    description: The portolan program.
    type: path
    default: portolan
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Set the service endpoints of all users
  portolan.portolan.portolan_state:
    prune: true
    state:
      Active: company
      Remotes:
        company: {URI: cloud.company.example}
  become: true

- name: Log the CI account in to the company's cloud
  portolan.portolan.portolan_state:
    scope: user
    state:
      Remotes:
        company: {URI: cloud.company.example}
    tokens:
      company: "{{ vault_company_token }}"
"""

RETURN = r"""
file:
  description: The file that was changed, or would be.
  type: str
  returned: success
changes:
  description: Every value that changed, or would, with its remote, its field, and what it was and is.
  type: list
  elements: dict
  returned: success
"""

import json

from ansible.module_utils.basic import AnsibleModule

NOTHING_CHANGED, WOULD_CHANGE = 0, 2


def wanted(module):
    """The state as `portolan remote apply -` reads it, or None when it comes from a file."""
    state, tokens = module.params["state"], module.params["tokens"]
    if state is None:
        if tokens:
            module.fail_json(msg="tokens needs state: they are added to its remotes")
        return None
    remotes = {name: dict(remote or {}) for name, remote in (state.get("Remotes") or {}).items()}
    if any("Token" in remote for remote in remotes.values()):
        module.fail_json(msg="state contains a Token, which would be logged: use the option tokens")
    for name, token in (tokens or {}).items():
        if name not in remotes:
            module.fail_json(msg="tokens names %s, which is not a remote of state" % name)
        remotes[name]["Token"] = token
    return json.dumps(dict(state, Remotes=remotes) if "Remotes" in state else state)


def lines(changes, side):
    """One side of the difference, a line a value."""
    rows = []
    for change in changes:
        if change[side] is not None:
            name = "Remotes.%s.%s" % (change["remote"], change["field"]) if change["remote"] else change["field"]
            rows.append("%s: %s\n" % (name, change[side]))
    return "".join(rows)


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "dict"},
            "src": {"type": "path"},
            "scope": {"type": "str", "choices": ["system", "user"], "default": "system"},
            "prune": {"type": "bool", "default": False},
            "tokens": {"type": "dict", "no_log": True},
            "command": {"type": "str", "default": "apptainer"},
            "sysconfdir": {"type": "path"},
            "executable": {"type": "path", "default": "portolan"},
        },
        mutually_exclusive=[("state", "src")],
        required_one_of=[("state", "src")],
        supports_check_mode=True,
    )
    params = module.params
    if params["tokens"] and params["scope"] == "system":
        module.fail_json(msg="tokens belong to a user: set scope to user")
    state = wanted(module)
    words = [module.get_bin_path(params["executable"], required=True), "--command", params["command"]]
    if params["sysconfdir"]:
        words += ["--sysconfdir", params["sysconfdir"]]
    words += ["remote", "apply", "--json"]
    words += ["--global"] if params["scope"] == "system" else []
    words += ["--prune"] if params["prune"] else []
    words += ["--with-tokens"] if params["tokens"] else []
    words += ["--check"] if module.check_mode else []
    words += ["-"] if state is not None else ["--", params["src"]]
    code, output, errors = module.run_command(words, data=state, binary_data=False)
    if code not in (NOTHING_CHANGED, WOULD_CHANGE):
        first = errors.strip().splitlines()[:1] or ["portolan failed"]
        module.fail_json(msg=first[0].replace("FATAL:", "").strip(), rc=code, stderr=errors)
    view = json.loads(output)
    module.exit_json(
        changed=view["changed"] or code == WOULD_CHANGE,
        file=view["file"],
        changes=view["changes"],
        diff={
            "before_header": view["file"],
            "after_header": view["file"],
            "before": lines(view["changes"], "before"),
            "after": lines(view["changes"], "after"),
        },
    )


if __name__ == "__main__":
    main()
