select
    plan,
    count(*) as rides,
    sum(price) as revenue,
    cast(sum(price) / count(*) as numeric(10, 2)) as revenue_per_ride
from {{ ref('rides') }}
group by plan
