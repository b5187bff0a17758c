select json_build_object('user', json_build_object(
    'id', person.id::text, 'name', name, 'bio', bio, 'isPrivate', is_private,
    'postCount', users_post_count(person),
    'followerCount', users_follower_count(person),
    'followingCount', users_following_count(person),
    'viewerFollow', users_viewer_follow(person),
    'followsViewer', users_follows_viewer(person),
    'posts', json_build_object('nodes', (
        select coalesce(json_agg(json_build_object(
            'id', id::text, 'body', body, 'createdAt', created_at, 'visibility', visibility
        ) order by id desc), '[]')
        from (select * from posts where author_id = person.id order by id desc limit 5) post
    )),
    'followers', json_build_object('nodes', (
        select coalesce(json_agg(json_build_object('handle', handle, 'name', name)), '[]')
        from users_followers(person, 5) follower
    ))
))
from users person where handle = {handle}
