"""The notebooks without their code, each as a page: what `workbook app` shows."""
