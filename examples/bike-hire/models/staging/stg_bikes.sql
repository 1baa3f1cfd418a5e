select
    id as bike_id,
    frame_number,
    kind as bike_kind,
    state as bike_state,
    bought_on
from {{ ref('raw_bikes') }}
