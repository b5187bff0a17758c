select json_build_object('createPost', json_build_object('post', json_build_object(
    'id', post.id::text, 'body', post.body,
    'author', (select json_build_object('handle', handle) from users where id = post.author_id)
)))
from publish({body}) post
