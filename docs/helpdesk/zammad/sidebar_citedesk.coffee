# A tab beside the ticket with the widget of a Citedesk service, in the locale of the customer.
class SidebarCitedesk extends App.Controller
  service: '@SERVICE@'
  key: '@KEY@'
  locales: '@LOCALES@'.split(' ')

  sidebarItem: =>
    return if @ticket.currentView() isnt 'agent'
    @item = {
      name:            'citedesk'
      badgeIcon:       'knowledge-base'
      sidebarHead:     'Citedesk'
      sidebarCallback: @showWidget
      sidebarActions:  []
    }
    @item

  showWidget: (el) =>
    return if el.find('iframe').length
    asked = { key: @key, origin: window.location.origin, id: "ticket-#{@ticket.id}", 'ui-locale': App.i18n.get() }
    locale = @findLocale()
    asked.locale = locale if locale
    frame = document.createElement('iframe')
    frame.title = 'Citedesk'
    frame.allow = 'clipboard-write'
    frame.style.cssText = 'border: 0; width: 100%; height: 640px'
    frame.src = "#{@service}/widget/frame?#{new URLSearchParams(asked)}"
    el.append(frame)

  # The article locale of the customer, else one of the same language, else none.
  findLocale: =>
    return if !App.User.exists(@ticket.customer_id)
    wanted = App.User.find(@ticket.customer_id).preferences?.locale?.toLowerCase()
    return if !wanted
    return wanted if wanted in @locales
    same = (each for each in @locales when each.split('-')[0] is wanted.split('-')[0])
    same[0]

App.Config.set('600-Citedesk', SidebarCitedesk, 'TicketZoomSidebar')
