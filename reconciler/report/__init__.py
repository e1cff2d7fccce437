"""Reports: values as blocks, laid out as text, Markdown or HTML; and as JSON. Pure: reads and decides nothing."""
