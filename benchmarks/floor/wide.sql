select json_object_agg(alias, json_build_object('followers', json_build_object('nodes', (
    select json_agg(json_build_object(
        'id', id::text, 'handle', handle, 'name', name, 'bio', bio, 'isPrivate', is_private, 'createdAt', created_at
    ))
    from users_followers(person, 100) follower
))))
from unnest(
    array['a', 'b', 'c', 'd', 'e'], array[{a}, {b}, {c}, {d}, {e}]
) as asked (alias, wanted)
join users person on person.handle = wanted
