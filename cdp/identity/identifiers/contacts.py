"""Which identifiers are contact points that matching compares, too."""

from cdp.identity.policy.declaration import IdentityPolicy


def contact_namespaces(policy: IdentityPolicy) -> tuple[list[str], list[str]]:
    """The namespaces of people's e-mail addresses, and of their telephone numbers."""
    return _namespaces(policy, "email"), _namespaces(policy, "phone")


def _namespaces(policy: IdentityPolicy, normaliser: str) -> list[str]:
    return [
        name
        for name, guards in policy.namespaces.items()
        if guards.normaliser == normaliser and guards.links
    ]
