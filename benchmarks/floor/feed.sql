select json_build_object('feed', json_build_object(
    'nodes', json_agg(json_build_object(
        'id', post.id::text, 'body', post.body, 'createdAt', post.created_at,
        'author', json_build_object('id', author.id::text, 'handle', author.handle, 'name', author.name),
        'comments', json_build_object('nodes', coalesce(page.comments, '[]'))
    ) order by post.id desc) filter (where post.place <= {first}),
    'pageInfo', json_build_object('hasNextPage', count(*) > {first})
))
from (select *, row_number() over (order by id desc) as place from feed_page({first} + 1)) post
join users author on author.id = post.author_id
cross join lateral (
    select json_agg(json_build_object(
        'id', comment.id::text, 'body', comment.body,
        'author', json_build_object('id', author.id::text, 'handle', author.handle)
    ) order by comment.id desc) as comments
    from (
        select id, body, author_id from comments where post_id = post.id and parent_id is null order by id desc limit 3
    ) comment
    join users author on author.id = comment.author_id
) page
