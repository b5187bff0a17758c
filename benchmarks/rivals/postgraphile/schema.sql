-- What PostGraphile's users would add to Starling's tables: the policy of visibility as row-level security, and
-- functions where a table alone doesn't answer. Functions whose texts are Starling's own are made by the program.

create function viewer_id() returns bigint stable language sql as
$$ select nullif(current_setting('viewer.id', true), '')::bigint $$;

create function viewer() returns users stable language sql as
$$ select users.* from users where id = (select viewer_id()) $$;

alter table users enable row level security;
create policy seen on users for select to :role using (
    not exists (select from blocks where blocker_id = (select viewer_id()) and blocked_id = users.id)
    and not exists (select from blocks where blocker_id = users.id and blocked_id = (select viewer_id()))
);

alter table posts enable row level security;
create policy seen on posts for select to :role using (
    not exists (select from blocks where blocker_id = (select viewer_id()) and blocked_id = posts.author_id)
    and not exists (select from blocks where blocker_id = posts.author_id and blocked_id = (select viewer_id()))
    and (
        visibility = 'PUBLIC'
        and not exists (select from users author where author.id = posts.author_id and author.is_private)
        or author_id = (select viewer_id())
        or exists (
            select from follows where follower_id = (select viewer_id()) and followee_id = posts.author_id offset 0
        )
    )
);

alter table comments enable row level security;
create policy seen on comments for select to :role using (
    not exists (select from blocks where blocker_id = (select viewer_id()) and blocked_id = comments.author_id)
    and not exists (select from blocks where blocker_id = comments.author_id and blocked_id = (select viewer_id()))
    and exists (select from posts where posts.id = comments.post_id)
);

create function hidden_users() returns setof bigint stable language sql as $$
    select blocked_id from blocks where blocker_id = (select viewer_id())
    union select blocker_id from blocks where blocked_id = (select viewer_id())
$$;

create function users_post_count(person users) returns int stable language sql as $$
    select case
        when person.id = viewer_id()
            or exists (select from follows where follower_id = viewer_id() and followee_id = person.id)
            then coalesce(sum(public_posts + follower_posts), 0)::int
        when person.is_private then 0
        else coalesce(sum(public_posts), 0)::int
    end from user_counters where user_id = person.id
$$;

create function users_follower_count(person users) returns int stable language sql as $$
    select coalesce(sum(followers), 0)::int - (
        select count(*)::int from hidden_users() hidden join follows
        on follows.follower_id = hidden and follows.followee_id = person.id
    ) from user_counters where user_id = person.id
$$;

create function users_following_count(person users) returns int stable language sql as $$
    select coalesce(sum(following), 0)::int - (
        select count(*)::int from hidden_users() hidden join follows
        on follows.followee_id = hidden and follows.follower_id = person.id
    ) from user_counters where user_id = person.id
$$;

create function users_viewer_follow(person users) returns text stable language sql as $$
    select case
        when exists (select from follows where follower_id = viewer_id() and followee_id = person.id) then 'FOLLOWING'
        when exists (select from follow_requests where follower_id = viewer_id() and followee_id = person.id)
            then 'REQUESTED'
        else 'NONE'
    end
$$;

create function users_follows_viewer(person users) returns boolean stable language sql as
$$ select exists (select from follows where followee_id = viewer_id() and follower_id = person.id) $$;

grant usage on schema public to :role;
grant select on users, posts, comments, follows, follow_requests, blocks, user_counters to :role;
