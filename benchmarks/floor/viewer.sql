select json_build_object(
    'viewer', (select json_build_object('id', id::text, 'handle', handle, 'name', name) from viewer())
)
