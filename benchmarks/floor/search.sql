select json_build_object('search', json_build_object(
    'nodes', json_agg(json_build_object(
        '__typename', 'Post', 'id', post.id::text, 'body', post.body,
        'author', (select json_build_object('handle', handle) from users where id = post.author_id)
    ) order by place) filter (where place <= 10),
    'pageInfo', json_build_object('hasNextPage', count(*) > 10)
))
from search_page({text}, 11) with ordinality
    as post (id, author_id, body, visibility, created_at, edited_at, search, place)
