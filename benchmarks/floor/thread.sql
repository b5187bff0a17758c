select json_build_object('node', json_build_object(
    'id', post.id::text, 'body', post.body,
    'author', (select json_build_object('handle', handle) from users where id = post.author_id),
    'comments', json_build_object('nodes', coalesce((
        select json_agg(json_build_object(
            'id', said.id::text, 'body', said.body, 'depth', said.depth, 'createdAt', said.created_at,
            'author', json_build_object('handle', author.handle, 'name', author.name),
            'replies', json_build_object('nodes', coalesce(first.replies, '[]'))
        ) order by said.id)
        from (select * from comments where post_id = post.id and parent_id is null order by id limit 20) said
        join users author on author.id = said.author_id
        cross join lateral (
            select json_agg(json_build_object(
                'id', said1.id::text, 'body', said1.body, 'depth', said1.depth, 'createdAt', said1.created_at,
                'author', json_build_object('handle', author.handle, 'name', author.name),
                'replies', json_build_object('nodes', coalesce(second.replies, '[]'))
            ) order by said1.id) as replies
            from (select * from comments where parent_id = said.id order by id limit 3) said1
            join users author on author.id = said1.author_id
            cross join lateral (
                select json_agg(json_build_object(
                    'id', said2.id::text, 'body', said2.body, 'depth', said2.depth, 'createdAt', said2.created_at,
                    'author', json_build_object('handle', author.handle, 'name', author.name)
                ) order by said2.id) as replies
                from (select * from comments where parent_id = said1.id order by id limit 3) said2
                join users author on author.id = said2.author_id
            ) second
        ) first
    ), '[]'))
))
from posts post where id = {post}
