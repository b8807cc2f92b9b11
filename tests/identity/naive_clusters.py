"""The careful agglomeration in its plainest form, pair by pair of sets: the oracle of the fast one."""

from itertools import combinations, product

from cdp.identity.clusters.likeness import are_apart, are_unlike, plain_name

ALL = ("given_names", "birth_dates", "strong_ids")


def naive_clusters(records, identifiers, policy, links=(), decisions=()):
    """Sets of record keys.

    records: {key: (given_name, birth_date, family_name)}; identifiers: a set of (key, namespace, value);
    links: (key, key, weight); decisions: (kind, keys of one side, keys of the other).
    """
    world = NaiveWorld(records, identifiers, policy, decisions)
    for kind, one, other in sorted(decisions, key=lambda decided: sorted(decided[1] | decided[2])):
        if kind == "link":
            world.offer(sorted(one | other), world.kept_apart)
    shared = (
        (policy.of(namespace).priority, namespace, value) for namespace, value in world.shared
    )
    for _, namespace, value in sorted(shared):
        vetoes = policy.of(namespace).vetoes
        world.offer(sorted(world.shared[namespace, value]), world.refusing(vetoes))
    for one, other, _ in sorted(links, key=lambda link: (-link[2], *sorted(link[:2]))):
        world.offer(sorted({one, other}), world.refusing(ALL, weighed={one, other}))
    return {frozenset(cluster) for cluster in world.cluster_of.values()}


class NaiveWorld:
    """Clusters as sets of keys, everything about them looked up anew each time."""

    def __init__(self, records, identifiers, policy, decisions):
        self.records, self.policy, self.decisions = records, policy, decisions
        self.cluster_of = {key: {key} for key in records}
        self.shared = {}
        for key, namespace, value in identifiers:
            if policy.of(namespace).links:
                self.shared.setdefault((namespace, value), set()).add(key)
        for namespace, value in list(self.shared):
            limit = policy.of(namespace).shared_by
            if limit is not None and len(self.shared[namespace, value]) > limit:
                del self.shared[namespace, value]

    def offer(self, carriers, refuses):
        """Each carrier joins the first group of those before it that takes it."""
        firsts = []
        for carrier in carriers:
            for first in firsts:
                one, other = self.cluster_of[first], self.cluster_of[carrier]
                if one is other or not (reason := refuses(one, other)):
                    self.join(one, other)
                    break
                if reason == "held back":
                    break
            else:
                firsts.append(carrier)

    def join(self, one, other):
        one |= other
        self.cluster_of |= dict.fromkeys(other, one)

    def kept_apart(self, one, other):
        return any(
            kind == "cannot_link"
            and ((left & one and right & other) or (left & other and right & one))
            for kind, left, right in self.decisions
        )

    def refusing(self, vetoes, weighed=frozenset()):
        """`weighed`: the two records of a probable link, whose own differences are known."""

        def refuses(one, other):
            if (
                self.kept_apart(one, other)
                or self.too_many_ids(vetoes, one, other)
                or self.strangers(vetoes, one, other, weighed)
            ):
                return "no"
            return "held back" if self.suspicious(one, other) else None

        return refuses

    def too_many_ids(self, vetoes, one, other):
        for held in {name for name, _ in self.shared}:
            guards = self.policy.of(held)
            ones, others = self.values_of(one, held), self.values_of(other, held)
            together, alone = len(ones | others), max(len(ones), len(others))
            if guards.per_profile is not None and together > max(alone, guards.per_profile):
                return True
            if "strong_ids" in vetoes and guards.strong and ones and others and together > alone:
                return True
        return False

    def strangers(self, vetoes, one, other, weighed):
        named = self.names if self.names(one) and self.names(other) else self.families

        def differ(facts, unlike):
            known = facts(weighed)
            known = known if len(known) > 1 else set()
            return strange(
                lambda a, b: not {a, b} <= known and unlike(a, b), facts(one), facts(other)
            )

        return ("given_names" in vetoes and differ(named, are_unlike)) or (
            "birth_dates" in vetoes and differ(self.births, are_apart)
        )

    def suspicious(self, one, other):
        most = self.policy.cluster
        return (
            (most.most_records is not None and len(one | other) > most.most_records)
            or beyond(most.most_given_names, are_unlike, self.names(one), self.names(other))
            or beyond(most.most_birth_dates, are_apart, self.births(one), self.births(other))
        )

    def names(self, cluster):
        return {plain_name(self.records[key][0]) for key in cluster} - {None}

    def families(self, cluster):
        return {plain_name(self.records[key][2]) for key in cluster} - {None}

    def births(self, cluster):
        return {self.records[key][1] for key in cluster} - {None}

    def values_of(self, cluster, namespace):
        return {
            value
            for (name, value), keys in self.shared.items()
            if name == namespace and keys & cluster
        }


def strange(differ, ones, others):
    """Each side says something unlike everything that the other says."""
    pairs = [
        (one, other, one == other or not differ(one, other)) for one, other in product(ones, others)
    ]
    known = {one for one, _, alike in pairs if alike}, {other for _, other, alike in pairs if alike}
    return bool(pairs) and ones != known[0] and others != known[1]


def beyond(most, differ, ones, others):
    if most is None:
        return False
    return distinct(differ, ones | others) > max(
        most, distinct(differ, ones), distinct(differ, others)
    )


def distinct(differ, facts):
    """The number of components of the graph in which facts that are alike are joined."""
    groups = [{fact} for fact in facts]
    for one, other in combinations(sorted(facts), 2):
        if not differ(one, other):
            left, right = (next(g for g in groups if fact in g) for fact in (one, other))
            if left is not right:
                groups.remove(right)
                left |= right
    return len(groups)
