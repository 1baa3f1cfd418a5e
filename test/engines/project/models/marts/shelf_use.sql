select shelf, count(*) as loans
from {{ ref('loans') }}
group by shelf
