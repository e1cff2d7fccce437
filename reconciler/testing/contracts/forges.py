"""What every forge and every remote must do, as classes to subclass (see `contracts`)."""

from __future__ import annotations

from abc import ABC, abstractmethod

from reconciler.core.forge.pull_request import CommitStatus, PullRequest, PullRequestDraft, PullState, StatusState
from reconciler.core.forge.review import Review, Verdict
from reconciler.errors import ConflictError, ForgeError, SourceError
from reconciler.ports import Forge, Remote
from reconciler.testing.contracts.stores_and_targets import expect, refused

BRANCH = "promote/production/pay/0123456789ab"
HOSTILE = "@team <b>x</b> ::error::no <!-- reconciler:plan/production --> ${{ secrets.X }} \u202e |"


def draft(head: str = BRANCH, title: str = "Promote pay", body: str = "Why.") -> PullRequestDraft:
    return PullRequestDraft(head=head, base="main", title=title, body=body, labels=("reconciler",))


def login(review: Review) -> str:
    return review.by.login if review.by is not None else ""


class RemoteContract(ABC):
    """`make` gives a remote whose `main` has a commit that is ours, too."""

    @abstractmethod
    def make(self) -> Remote: ...

    @abstractmethod
    def commit(self, branch: str) -> str:
        """A new commit on our branch, which is made from main where it is not there yet."""

    @abstractmethod
    def theirs(self, branch: str) -> str:
        """The same at the remote, by somebody else."""

    @abstractmethod
    def here(self, branch: str) -> str | None:
        """Return the commit of our branch."""

    @abstractmethod
    def there(self, branch: str) -> str | None:
        """Return the commit of the remote's branch."""

    def test_a_branch_arrives_goes_on_and_again_changes_nothing(self) -> None:
        remote = self.make()
        for _ in range(2):
            commit = self.commit(BRANCH)
            for _ in range(2):
                remote.push(BRANCH)
                expect(self.there(BRANCH) == commit)

    def test_what_somebody_else_pushed_is_never_overwritten(self) -> None:
        remote = self.make()
        self.commit(BRANCH)
        theirs = self.theirs(BRANCH)
        with refused(ConflictError):
            remote.push(BRANCH)
        expect(self.there(BRANCH) == theirs)

    def test_a_branch_that_is_not_here_is_not_pushed(self) -> None:
        with refused(SourceError, "E306"):
            self.make().push("promote/production/pay/nowhere")

    def test_what_the_remote_has_is_taken_where_that_loses_nothing(self) -> None:
        remote = self.make()
        expect(remote.fetch(BRANCH) is None)
        first = self.theirs(BRANCH)
        expect(remote.fetch(BRANCH) == first == self.here(BRANCH), "one that was not here")
        second = self.theirs(BRANCH)
        expect(remote.fetch(BRANCH) == second == self.here(BRANCH), "one that went on")
        ours = self.commit(BRANCH)
        expect(remote.fetch(BRANCH) == second and self.here(BRANCH) == ours, "ours that went on")
        theirs = self.theirs(BRANCH)
        expect(remote.fetch(BRANCH) == theirs and self.here(BRANCH) == ours, "both went on")


class ForgeContract(ABC):
    """`make` gives a forge over an empty project whose `main` has a commit; the rest is what people do there."""

    @abstractmethod
    def make(self) -> Forge: ...

    @abstractmethod
    def push(self, branch: str) -> str:
        """A new commit on `branch`, which is made from main where it is not there yet; the commit."""

    @abstractmethod
    def approve(self, number: int, by: str) -> None: ...

    @abstractmethod
    def withdraw(self, number: int, by: str) -> None: ...

    @abstractmethod
    def merge(self, number: int) -> str:
        """By a merge commit, as a person would; the commit that is now on main."""

    @abstractmethod
    def comment_as(self, by: str, number: int, body: str) -> None:
        """As somebody else than the token's owner."""

    @abstractmethod
    def team(self, name: str, members: tuple[str, ...]) -> str:
        """Create a team of these members, and return its name at the forge."""

    def opened(self) -> tuple[Forge, PullRequest, str]:
        forge = self.make()
        commit = self.push(BRANCH)
        return forge, forge.open(draft()), commit

    def test_a_request_is_opened_once_and_brought_up_to_date(self) -> None:
        forge, first, commit = self.opened()
        expect((first.head, first.base, first.commit, first.state) == (BRANCH, "main", commit, PullState.OPEN))
        expect(first.author == forge.whoami())
        again = forge.open(draft(title="Another", body="Because."))
        expect((again.number, again.url) == (first.number, first.url))
        pull = forge.pull(first.number)
        expect((pull.title, pull.body.strip()) == ("Another", "Because."), str(pull))
        expect([request.number for request in forge.opened("promote/production/pay/")] == [first.number])

    def test_a_request_for_a_branch_that_is_not_there_is_refused(self) -> None:
        forge = self.make()
        with refused(ForgeError, "E904"):
            forge.open(draft(head="promote/production/pay/nowhere"))
        with refused(ForgeError, "E904"):
            forge.pull(4242)

    def test_its_commit_follows_the_branch(self) -> None:
        forge, pull, _ = self.opened()
        newer = self.push(BRANCH)
        expect(forge.pull(pull.number).commit == newer)

    def test_open_requests_are_found_by_the_start_of_their_branch(self) -> None:
        forge, first, _ = self.opened()
        self.push("promote/production/payments/ba9876543210")
        forge.open(draft(head="promote/production/payments/ba9876543210"))
        self.push("promote/production/pay/ffffffffffff")
        third = forge.open(draft(head="promote/production/pay/ffffffffffff"))
        pulls = forge.opened("promote/production/pay/")
        expect([request.number for request in pulls] == [first.number, third.number], str(pulls))
        forge.close(first.number)
        forge.close(first.number)
        expect([request.number for request in forge.opened("promote/production/pay/")] == [third.number])
        expect(forge.pull(first.number).state is PullState.CLOSED)

    def test_the_last_word_of_each_reviewer_is_told_with_the_head_that_was_reviewed(self) -> None:
        forge, pull, commit = self.opened()
        expect(forge.reviews(pull.number) == ())
        self.approve(pull.number, "zoe")
        self.approve(pull.number, "ada")
        reviews = forge.reviews(pull.number)
        expect([login(review) for review in reviews] == ["ada", "zoe"], str(reviews))
        expect(all(review.commit in (None, commit) for review in reviews))
        expect(all(review.verdict is Verdict.APPROVED and review.may_write for review in reviews), str(reviews))
        self.withdraw(pull.number, "ada")
        approved = [review for review in forge.reviews(pull.number) if review.verdict is Verdict.APPROVED]
        expect([login(review) for review in approved] == ["zoe"])

    def test_whose_work_a_request_is_is_told_without_a_gap(self) -> None:
        forge, pull, _ = self.opened()
        head = self.push(BRANCH)
        work = forge.contributions(pull.number)
        expect(work.unexplained(head) is None, str(work))
        expect({push.after for push in work.pushes} >= {head}, str(work))
        expect(len({person.login for person in work.pushers()}) == 1, str(work))

    def test_a_merge_is_found_by_its_commit(self) -> None:
        forge, pull, _ = self.opened()
        merged = self.merge(pull.number)
        requests = forge.merged_by(merged)
        expect([request.number for request in requests] == [pull.number], str(requests))
        expect((requests[0].state, requests[0].merged_as) == (PullState.MERGED, merged))
        expect(forge.opened("promote/") == ())
        forge.close(pull.number)
        expect(forge.pull(pull.number).state is PullState.MERGED, "a merged request stays one")

    def test_a_comment_is_one_and_ours(self) -> None:
        forge, pull, _ = self.opened()
        expect(forge.comment_body(pull.number, "plan/production") is None)
        self.comment_as("mallory", pull.number, "<!-- reconciler:plan/production -->\nIt is fine, merge it.")
        expect(forge.comment_body(pull.number, "plan/production") is None, "somebody else's mark is not ours")
        first = forge.comment(pull.number, "plan/production", "one\ntwo")
        forge.comment(pull.number, "plan/staging", "other")
        second = forge.comment(pull.number, "plan/production", HOSTILE)
        expect(first == second, f"{first} {second}")
        expect(forge.comment_body(pull.number, "plan/production") == HOSTILE)
        expect(forge.comment_body(pull.number, "plan/staging") == "other")

    def test_no_text_gives_an_order(self) -> None:
        """A line that starts with a slash is one to GitLab, in the name of our token."""
        orders = "/approve\n  /merge\n> /close\nnot /this"
        forge, pull, _ = self.opened()
        forge.open(draft(body=orders))
        forge.comment(pull.number, "plan/production", orders)
        forge.comment(pull.number, "plan/production", f"{orders}\n/close")
        expect(forge.comment_body(pull.number, "plan/production") == f"{orders}\n/close")
        pull = forge.pull(pull.number)
        expect((pull.state, pull.body.strip()) == (PullState.OPEN, orders), str(pull))
        expect(forge.reviews(pull.number) == ())

    def test_a_status_is_the_last_of_its_name(self) -> None:
        forge, _, commit = self.opened()
        name = "reconciler/plan/production"
        for state, text in ((StatusState.PENDING, "planning"), (StatusState.FAILURE, "x" * 300)):
            forge.set_status(commit, CommitStatus(name=name, state=state, description=text))
        forge.set_status(commit, CommitStatus(name="b", state=StatusState.PENDING, description="1"))
        forge.set_status(commit, CommitStatus(name="b", state=StatusState.PENDING, description="2"))
        forge.set_status(commit, CommitStatus(name="a", state=StatusState.SUCCESS, description="sha256:1"))
        statuses = forge.statuses(commit)
        expect(
            [(status.name, status.state.value) for status in statuses]
            == [("a", "success"), ("b", "pending"), (name, "failure")]
        )
        expect(
            [status.description for status in statuses[:2]] == ["sha256:1", "2"] and len(statuses[2].description) <= 140
        )

    def test_a_team_has_members_and_an_unknown_one_is_an_error(self) -> None:
        forge = self.make()
        name = self.team("finance", ("zoe", "ada"))
        expect(forge.members(name) == ("ada", "zoe"))
        with refused(ForgeError):
            forge.members(f"{name}-nowhere")

    def test_an_issue_is_opened_updated_closed_and_opened_again(self) -> None:
        forge = self.make()
        expect(forge.issue("drift/production", title="Drift", body=None) is None)
        first = forge.issue("drift/production", title="Drift", body="1 model")
        expect(forge.issue("drift/production", title="Drift", body="2 models") == first)
        expect(forge.issue_body("drift/production") == "2 models")
        forge.issue("drift/production", title="Drift", body=None)
        expect(forge.issue_body("drift/production") is None)
        forge.issue("drift/production", title="Drift", body="again")
        expect(forge.issue_body("drift/production") == "again")
