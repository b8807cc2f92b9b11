"""The careful agglomeration in its plainest form, edge by edge: the oracle of the fast one."""

from itertools import combinations, product

from cdp.identity.likeness import are_apart, are_unlike, plain_name


def naive_clusters(records, identifiers, policy):
    """Sets of record keys.

    records: {key: (given_name, birth_date)}; identifiers: a set of (key, namespace, value).
    """
    carriers = {}
    for key, namespace, value in identifiers:
        if policy.of(namespace).links:
            carriers.setdefault((namespace, value), set()).add(key)
    for namespace, value in list(carriers):
        limit = policy.of(namespace).shared_by
        if limit is not None and len(carriers[namespace, value]) > limit:
            del carriers[namespace, value]
    edges = [
        (policy.of(namespace).priority, namespace, value, later, earlier)
        for (namespace, value), keys in carriers.items()
        for earlier, later in combinations(sorted(keys), 2)
    ]
    cluster_of = {key: {key} for key in records}
    for _, namespace, _, later, earlier in sorted(edges):
        one, other = cluster_of[earlier], cluster_of[later]
        if one is other:
            continue
        vetoes = policy.of(namespace).vetoes
        if too_many_ids(policy, vetoes, one, other, carriers) or strangers(
            vetoes, one, other, records
        ):
            continue
        one |= other
        cluster_of |= dict.fromkeys(other, one)
    return {frozenset(cluster) for cluster in cluster_of.values()}


def too_many_ids(policy, vetoes, one, other, carriers):
    for held in {name for name, _ in carriers}:
        guards = policy.of(held)
        ones, others = values_of(one, held, carriers), values_of(other, held, carriers)
        together = len(ones | others)
        if guards.per_profile is not None and others and together > guards.per_profile:
            return True
        if "strong_ids" in vetoes and guards.strong and ones and others and together > 1:
            return True
    return False


def strangers(vetoes, one, other, records):
    pairs = [(records[left], records[right]) for left, right in product(one, other)]
    unlike = any(
        left[0] and right[0] and are_unlike(plain_name(left[0]), plain_name(right[0]))
        for left, right in pairs
    )
    apart = any(left[1] and right[1] and are_apart(left[1], right[1]) for left, right in pairs)
    return ("given_names" in vetoes and unlike) or ("birth_dates" in vetoes and apart)


def values_of(cluster, namespace, carriers):
    return {
        value for (name, value), keys in carriers.items() if name == namespace and keys & cluster
    }
