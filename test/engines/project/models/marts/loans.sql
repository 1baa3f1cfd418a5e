{{ config(materialized='incremental', unique_key='loan_id') }}

select l.loan_id, l.book_id, b.shelf, l.member, l.lent_on, l.days
from {{ ref('stg_loans') }} as l
inner join {{ ref('stg_books') }} as b on b.book_id = l.book_id
{% if is_incremental() %}
where l.loan_id > (select coalesce(max(loan_id), 0) from {{ this }})
{% endif %}
