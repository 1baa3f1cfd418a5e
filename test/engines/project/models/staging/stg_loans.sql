select id as loan_id, book_id, member, lent_on, days from {{ ref('raw_loans') }}
