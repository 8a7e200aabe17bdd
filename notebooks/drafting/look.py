"""How the panel of a draft is laid out: outline, entry and effect beside each other, labels above their boxes."""

__all__ = ["COLUMNS"]

COLUMNS = """<style>
.nbw-draft{display:flex;flex-wrap:wrap;align-items:flex-start;gap:18px;margin-top:6px}
.nbw-outline{flex:0 0 260px;min-width:0}
.nbw-entry{flex:1 1 380px;min-width:0}
.nbw-effect{flex:1 1 340px;min-width:0}
.nbw-draft .nbw-entry>.nbw-open,.nbw-draft>.nbw-effect{max-height:max(560px,calc(100vh - 190px));
overflow:hidden auto;padding-right:8px}
.nbw-draft .nbw-open,.nbw-draft .nbw-effect{display:block}
.nbw-draft .widget-vbox{overflow:visible}
.nbw-draft .widget-vbox>*{flex-shrink:0}
.nbw-live .widget-vbox>.jupyter-button{align-self:flex-start}
.nbw-live .nbw-field{display:flex;flex-direction:column;align-items:stretch;height:auto;margin:2px 0 6px}
.nbw-live .nbw-field>.widget-label{width:auto;max-width:none;min-width:0;text-align:left;white-space:normal;
overflow:visible;height:auto;line-height:1.35;font-weight:600;padding:0;color:var(--jp-content-font-color1,#1b1f24)}
.nbw-live .nbw-field>input,.nbw-live .nbw-field>textarea,.nbw-live .nbw-field>select{width:100%!important;
max-width:none!important;flex:0 0 auto;margin:0}
.nbw-live .nbw-field>select{height:28px;min-height:28px}
.nbw-live .nbw-field>textarea{height:auto;line-height:1.4;font-family:inherit}
.nbw-live .nbw-list>select{height:max(380px,calc(100vh - 400px))}
.nbw-live .nbw-list>select option{white-space:normal;padding:3px 4px;
border-bottom:1px solid var(--jp-border-color2,#d0d5db)}
.nbw-live .nbw-quiet>.nbw-field>.widget-label{position:absolute;width:1px;height:1px;overflow:hidden;
clip-path:inset(50%)}
.nbw-live .nbw-quiet{align-items:flex-start;gap:4px}
.nbw-live .nbw-quiet>:first-child{flex:1 1 auto;width:auto!important}
.nbw-live .nbw-block{border-left:3px solid var(--jp-border-color2,#d0d5db)}
.nbw-live .nbw-item{border-bottom:1px dotted var(--jp-border-color2,#d0d5db);padding:2px 0}
.nbw-live .nbw-row{align-items:flex-start;gap:4px}
.nbw-live .nbw-row>.widget-html{flex:1 1 auto;width:auto!important;min-width:0}
.nbw-draft .nbw-wrap{flex-wrap:wrap;overflow:visible}
.nbw-live .nbw-opening{gap:18px}
.nbw-save{flex-wrap:wrap;gap:10px}
.nbw-save .nbw-field{flex:1 1 180px;width:auto!important}
.nbw-live pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.86em;max-height:320px;overflow:auto}
.nbw-live .nbw :is(h2,h3,h4){margin-top:.3em}
</style>"""
