select ride_id, minutes
from {{ ref('rides') }}
where minutes >= 24 * 60
